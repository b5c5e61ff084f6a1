/** Which tree an item is in: union-find with short paths. */
export class Forest {
  private readonly parents: Int32Array;

  constructor(count: number) {
    this.parents = Int32Array.from({ length: count }, (_, item) => item);
  }

  rootOf(item: number): number {
    const { parents } = this;
    let at = item;
    while (parents[at] !== at) {
      parents[at] = parents[parents[at]!]!;
      at = parents[at]!;
    }
    return at;
  }

  /** Makes one tree of two, whose root is the lesser of both. Gives false where they are one already. */
  join(a: number, b: number): boolean {
    const [x, y] = [this.rootOf(a), this.rootOf(b)];
    this.parents[Math.max(x, y)] = Math.min(x, y);
    return x !== y;
  }
}
