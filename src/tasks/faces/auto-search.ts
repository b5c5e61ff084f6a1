import type { Image } from "../../images/image.js";
import type { BoxDetector } from "./box-detector.js";
import type { Face } from "./face.js";
import type { FaceSearch, SearchOptions } from "./face-search.js";
import { type Look, turned, wholePicture } from "./look.js";
import { faceOverlap, mergeFaces } from "./merge-faces.js";
import { AGREED_SCORE, type Judges, secondLook } from "./second-look.js";
import { tiles } from "./tiles.js";

/** Whatever scores this in a first look gets a second one. Fixed: below it, pictures without faces have hundreds of candidates. */
const CANDIDATE_SCORE = 0.4;
/** Candidates that share this much of their union are one. More than for faces: the best may be a box that a tile's border displaced. */
const SAME_CANDIDATE = 0.5;

/**
 * Looks for faces of any size and turn. The first looks, at the whole picture and at tiles of it, are by the network that misses least,
 * lying faces included, and errs most: it only proposes. The second look, by the two others, decides. A lying face that fills the picture is
 * what the first looks may miss, so where nothing else is found the whole is looked at turned as well.
 */
export class AutoSearch implements FaceSearch {
  constructor(private readonly networks: Judges & { back: Pick<BoxDetector, "detect" | "dispose"> }) {}

  async find(image: Image, { minScore = AGREED_SCORE, minSize, signal }: SearchOptions): Promise<Face[]> {
    const whole = wholePicture(image);
    const upright = await this.propose(image, { back: tiles(image, minSize), short: [whole] }, signal);
    const decide = (candidates: Face[]) => secondLook(image, candidates, this.networks, { minScore, signal });
    const faces = await decide(distinct(upright));
    if (!faces.some(({ score }) => score >= AGREED_SCORE)) {
      const lying = await this.propose(image, { back: turned(whole), short: turned(whole) }, signal);
      const better = distinct([...upright, ...lying]).filter((candidate) => lying.includes(candidate));
      faces.push(...(await decide(better)));
    }
    return mergeFaces(faces).filter(({ box }) => Math.max(box.width, box.height) >= (minSize ?? 0));
  }

  private async propose(image: Image, looks: { back: Look[]; short: Look[] }, signal?: AbortSignal): Promise<Face[]> {
    const options = { minScore: CANDIDATE_SCORE, signal };
    const { back, short } = this.networks;
    const proposed = await back.detect(image, looks.back, options);
    return [...proposed, ...(await short.detect(image, looks.short, options))].flat();
  }

  async dispose(): Promise<void> {
    const { short, back, full } = this.networks;
    await Promise.all([short.dispose(), back.dispose(), full.dispose()]);
  }
}

/** The best candidate of each place: those of other looks would only spoil its landmarks. */
function distinct(candidates: readonly Face[]): Face[] {
  const kept: Face[] = [];
  for (const candidate of candidates.toSorted((a, b) => b.score - a.score))
    if (!kept.some((other) => faceOverlap(other, candidate) > SAME_CANDIDATE)) kept.push(candidate);
  return kept;
}
