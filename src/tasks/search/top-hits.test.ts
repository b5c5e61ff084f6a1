import { expect, it } from "vitest";
import { TopHits } from "./top-hits.js";

const bySlot = (slot: number, other: number) => slot < other;

it("keeps what sorting all scores would put first, ties in the order that was asked for", () => {
  const scores = Array.from({ length: 2000 }, (_, i) => Math.round(Math.sin(i * 12.9898) * 300));
  for (const limit of [1, 2, 10, 333, 2000, 5000]) {
    const hits = new TopHits(limit, bySlot);
    for (const [slot, score] of scores.entries()) if (score >= hits.bar) hits.add(score, slot);
    const wanted = scores.map((score, slot) => ({ score, slot })).sort((a, b) => b.score - a.score || a.slot - b.slot);
    expect(hits.sorted()).toEqual(wanted.slice(0, limit));
  }
});
