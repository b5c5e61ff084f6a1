/** Ids and lines of items by the slot that their vector is in. */
export class ItemTable {
  private readonly slots = new Map<string, number>();
  private readonly ids: (string | undefined)[] = [];
  private readonly lines: string[] = [];
  /** Slots below `end` without an item. */
  private readonly free: number[] = [];

  /** Items. */
  get size(): number {
    return this.slots.size;
  }
  /** All slots are below. */
  get end(): number {
    return this.ids.length;
  }

  slotOf(id: string): number | undefined {
    return this.slots.get(id);
  }
  /** Undefined for a slot without an item. */
  idAt(slot: number): string | undefined {
    return this.ids[slot];
  }
  lineAt(slot: number): string {
    return this.lines[slot]!;
  }
  /** In the order in which they came. */
  allIds(): IterableIterator<string> {
    return this.slots.keys();
  }

  /** Gives an item its slot: the one that it has, one that is free, or a new one. */
  put(id: string, line: string): number {
    const slot = this.slots.get(id) ?? this.free.pop() ?? this.ids.length;
    this.slots.set(id, slot);
    this.ids[slot] = id;
    this.lines[slot] = line;
    return slot;
  }

  /** The slot that an item had; undefined for an unknown one. */
  remove(id: string): number | undefined {
    const slot = this.slots.get(id);
    if (slot === undefined) return undefined;
    this.slots.delete(id);
    this.ids[slot] = undefined;
    this.lines[slot] = "";
    this.free.push(slot);
    return slot;
  }
}
