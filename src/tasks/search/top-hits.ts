/**
 * The best of many scores, kept while they pass by: a heap of at most `limit` with the worst on top, so that nothing as long as the index is ever
 * sorted.
 */
export class TopHits {
  private readonly heap: { score: number; slot: number }[] = [];

  /**
   * @param limit how many to keep
   * @param isBefore which of two slots comes first where scores are equal
   */
  constructor(
    private readonly limit: number,
    private readonly isBefore: (slot: number, other: number) => boolean,
  ) {}

  /** A score below it is not among the best. */
  get bar(): number {
    return this.heap.length < this.limit ? Number.NEGATIVE_INFINITY : (this.heap[0]?.score ?? Number.POSITIVE_INFINITY);
  }

  add(score: number, slot: number): void {
    const { heap, limit } = this;
    const hit = { score, slot };
    if (heap.length < limit) {
      heap.push(hit);
      this.rise(heap.length - 1);
    } else if (limit > 0 && this.isWorse(heap[0]!, hit)) {
      heap[0] = hit;
      this.sink();
    }
  }

  /** Best first. */
  sorted(): { score: number; slot: number }[] {
    return [...this.heap].sort((a, b) => (this.isWorse(a, b) ? 1 : -1));
  }

  private isWorse(a: { score: number; slot: number }, b: { score: number; slot: number }): boolean {
    return a.score < b.score || (a.score === b.score && this.isBefore(b.slot, a.slot));
  }

  private rise(from: number): void {
    const { heap } = this;
    for (let child = from; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!this.isWorse(heap[child]!, heap[parent]!)) return;
      [heap[child], heap[parent]] = [heap[parent]!, heap[child]!];
      child = parent;
    }
  }

  private sink(): void {
    const { heap } = this;
    for (let parent = 0; ; ) {
      let worst = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2])
        if (child < heap.length && this.isWorse(heap[child]!, heap[worst]!)) worst = child;
      if (worst === parent) return;
      [heap[worst], heap[parent]] = [heap[parent]!, heap[worst]!];
      parent = worst;
    }
  }
}
