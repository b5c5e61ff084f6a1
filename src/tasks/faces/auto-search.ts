import type { Image } from "../../images/image.js";
import type { Face } from "./face.js";
import type { FaceSearch, SearchOptions } from "./face-search.js";
import { type Look, wholePicture } from "./look.js";
import { faceOverlap, mergeFaces } from "./merge-faces.js";
import { AGREED_SCORE, type Judges, secondLook } from "./second-look.js";
import { tiles } from "./tiles.js";

/** Whatever scores this in a first look gets a second one. Fixed: below it, pictures without faces have hundreds of candidates. */
const CANDIDATE_SCORE = 0.4;
/** Candidates that share this much of their union are one. */
const SAME_FACE = 0.3;
const TURNS = [Math.PI / 2, Math.PI, -Math.PI / 2];

/**
 * Looks for faces of any size and turn: at the whole picture and at tiles of it, upright; then turned by a quarter, a half and three quarters,
 * at tiles too where nothing was found upright. A first look only proposes, the second look decides.
 */
export class AutoSearch implements FaceSearch {
  constructor(private readonly judges: Judges) {}

  async find(image: Image, { minScore = AGREED_SCORE, minSize, signal }: SearchOptions): Promise<Face[]> {
    const upright = tiles(image, minSize);
    const options = { minScore, signal };
    const faces = await this.search(image, upright, [], options);
    const others = faces.length > 0 ? [wholePicture(image)] : upright;
    const turned = TURNS.flatMap((angle) => others.map((look) => ({ ...look, angle })));
    const lying = await this.search(image, turned, faces, options);
    return mergeFaces([...faces, ...lying]).filter(({ box }) => Math.max(box.width, box.height) >= (minSize ?? 0));
  }

  async dispose(): Promise<void> {
    await Promise.all([this.judges.short.dispose(), this.judges.full.dispose()]);
  }

  /** The faces that the looks show, besides those that are known. */
  private async search(
    image: Image,
    looks: readonly Look[],
    known: readonly Face[],
    { minScore, signal }: { minScore: number; signal: AbortSignal | undefined },
  ): Promise<Face[]> {
    const first = { minScore: CANDIDATE_SCORE, signal };
    // The short range network sees faces that fill the picture, which the other does not.
    const wide = looks.filter(({ side }) => side === wholePicture(image).side);
    const found = [
      ...(await this.judges.full.detect(image, looks, first)),
      ...(await this.judges.short.detect(image, wide, first)),
    ];
    const candidates = distinct(found.flat(), known);
    return mergeFaces(await secondLook(image, candidates, this.judges, { minScore, signal }));
  }
}

/** The best candidate of each place: those of other turns would only spoil its landmarks. */
function distinct(candidates: readonly Face[], known: readonly Face[]): Face[] {
  const kept: Face[] = [];
  for (const candidate of candidates.toSorted((a, b) => b.score - a.score))
    if (![...known, ...kept].some((other) => faceOverlap(other, candidate) > SAME_FACE)) kept.push(candidate);
  return kept;
}
