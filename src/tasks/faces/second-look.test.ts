import { describe, expect, it } from "vitest";
import { blankImage } from "../../images/image.js";
import type { Face } from "./face.js";
import { faceAngle } from "./face-angle.js";
import type { Look } from "./look.js";
import { type Judges, secondLook } from "./second-look.js";

const image = blankImage(8, 8);
const degrees = (angle: number) => (angle * 180) / Math.PI;

/** A face of 40 x 40 pixels around (100, 100) whose eyes say that it is turned by `turn` degrees. */
function face(turn: number, score = 0.9): Face {
  const angle = (turn * Math.PI) / 180;
  const eye = (side: -1 | 1) => ({ x: 100 + side * 10 * Math.cos(angle), y: 100 + side * 10 * Math.sin(angle) });
  return { box: { x: 80, y: 80, width: 40, height: 40 }, score, landmarks: [eye(-1), eye(1)] };
}

/** A network that sees what `seen` says of each look, and writes down at which turns it looked. */
function network(seen: (turn: number) => Face[]) {
  const turns: number[] = [];
  const detect = async (_: unknown, looks: readonly Look[]) => {
    turns.push(...looks.map(({ angle }) => Math.round(degrees(angle))));
    return looks.map(({ angle }) => seen(Math.round(degrees(angle))));
  };
  return { turns, detect, dispose: async () => {} };
}
const judged = (candidate: Face, judges: Judges) => secondLook(image, [candidate], judges, { minScore: 0.62 });

describe("secondLook", () => {
  it("keeps a face that both networks see: the mean of their boxes, the lower of their scores", async () => {
    const full = network(() => [face(0, 0.9)]);
    const short = network(() => [{ ...face(0, 0.9), score: 0.7, box: { x: 84, y: 80, width: 40, height: 40 } }]);
    const [found, ...others] = await judged(face(0), { full, short });
    expect(others).toEqual([]);
    expect(found!.score).toBe(0.7);
    expect(found!.box.x).toBeCloseTo(80 + (4 * 0.7) / 1.6, 9);
  });

  it("drops what only one network sees, after looking at it in all four turns", async () => {
    const full = network(() => [face(0)]);
    const short = network(() => []);
    expect(await judged(face(0), { full, short })).toEqual([]);
    expect(short.turns).toEqual([0, 90, 180, -90]);
    const blind = network(() => []);
    expect(await judged(face(0), { full: blind, short: full })).toEqual([]);
  });

  it("does not ask the other network where one sees nothing", async () => {
    const full = network(() => [face(0)]);
    await judged(face(0), { full, short: network(() => []) });
    expect(full.turns).toEqual([]);
  });

  it("looks at a candidate as its eyes say", async () => {
    const full = network((turn) => [face(turn)]);
    const short = network((turn) => [face(turn)]);
    await judged(face(30), { full, short });
    expect(full.turns).toEqual([30]);
  });

  it("finds out how a face lies whose eyes were taken for another's: the turn that both like best", async () => {
    const scores: Record<number, number> = { 90: 0.7, 180: 0.95, [-90]: 0.68 };
    const see = (turn: number) => (turn in scores ? [face(turn, scores[turn])] : []);
    const [found] = await judged(face(0), { full: network(see), short: network(see) });
    expect(Math.abs(degrees(faceAngle(found!)))).toBeCloseTo(180, 6);
    expect(found!.score).toBe(0.95);
  });

  it("does not settle for the turn of its eyes because a low least score would let it pass", async () => {
    const see = (turn: number) => [face(turn, turn === 180 ? 0.9 : 0.3)];
    const [found] = await secondLook(image, [face(0)], { full: network(see), short: network(see) }, { minScore: 0.05 });
    expect(found!.score).toBe(0.9);
    expect(Math.abs(degrees(faceAngle(found!)))).toBeCloseTo(180, 6);
  });

  it("looks once more, level, at a face that turns out to be turned by more than 15 degrees", async () => {
    const full = network(() => [face(40)]);
    const short = network(() => [face(40)]);
    const [found] = await judged(face(0), { full, short });
    expect(full.turns).toEqual([0, 40]);
    expect(degrees(faceAngle(found!))).toBeCloseTo(40, 6);
  });

  it("does not take the neighbor for the face", async () => {
    const neighbor = { ...face(0), box: { x: 118, y: 80, width: 40, height: 40 } };
    const see = network(() => [neighbor]);
    expect(await judged(face(0), { full: see, short: see })).toEqual([]);
  });

  it("has nothing to say of no candidates", async () => {
    const see = network(() => [face(0)]);
    expect(await secondLook(image, [], { full: see, short: see }, { minScore: 0.62 })).toEqual([]);
  });
});
