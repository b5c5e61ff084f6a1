import { InputError } from "../../errors.js";
import { checkOptionNames, rangeOption } from "../options.js";
import { Forest } from "../search/forest.js";
import { assertResults } from "./assert-faces.js";
import { averageLinkage, type Merge } from "./average-linkage.js";

/** A face among several pictures: the picture's index, and the face's in it. */
export interface FacePlace {
  picture: number;
  face: number;
}

export interface FaceClusters {
  /** Groups of faces, the largest first; equally large ones in the order of their first faces. */
  clusters: FacePlace[][];
  /** The mean similarity down to which groups were joined. */
  threshold: number;
}

export interface ClusterOptions {
  /**
   * Groups are joined while the mean cosine similarity between their faces is at least this, -1 to 1: higher means more, smaller groups.
   * What is a good value depends on the model of the vectors. `"auto"` cuts where the similarities of the joins have their widest gap; with
   * few faces that is a guess. Default `"auto"`.
   */
  threshold?: number | "auto";
}

/** What `analyzeFaces` gives with `embed`, or what was kept of it as JSON. */
interface FacesWithVectors {
  readonly faces: readonly { readonly vector?: Float32Array | readonly number[] }[];
}

/** A gap that is no wider says nothing: then all faces are one group. */
const LEAST_GAP = 0.05;
/** Similarities of all pairs are held at once: 100 MB. */
const MOST_FACES = 5000;

/**
 * Groups faces over pictures by their vectors (`analyzeFaces` with `embed`), so that each group is, at best, one person. Vectors of a model
 * that was trained to tell people apart do that well; those of an emotion model group expressions as much as people. The same faces in
 * another order give the same groups, except where similarities are equal.
 *
 * @throws InputError `input/face`, `input/vector-missing`, `input/too-many-faces`, `input/option`
 */
export function clusterFaces(results: readonly FacesWithVectors[], options: ClusterOptions = {}): FaceClusters {
  assertResults(results);
  checkOptionNames(options, ["threshold"]);
  const { threshold = "auto" } = options;
  if (threshold !== "auto") rangeOption("threshold", threshold, -1, 1);
  const places: FacePlace[] = [];
  const vectors: Float32Array[] = [];
  for (const [picture, { faces }] of results.entries())
    for (const [face, { vector }] of faces.entries()) {
      const trouble = troubleOf(vector, vectors[0]);
      if (trouble)
        throw new InputError(
          "input/vector-missing",
          `Face ${face} of picture ${picture} has ${trouble}. Ask for one: analyzeFaces(pictures, { attributes, embed: "…" }).`,
          { details: { picture, face } },
        );
      places.push({ picture, face });
      vectors.push(Float32Array.from(vector!));
    }
  if (vectors.length > MOST_FACES)
    throw new InputError(
      "input/too-many-faces",
      `${vectors.length} faces were given; at most ${MOST_FACES} are compared at once. Cluster parts of them.`,
    );
  const merges = averageLinkage(vectors);
  const cut = threshold === "auto" ? widestGap(merges) : threshold;
  const joined = merges.filter(({ similarity }) => similarity >= cut);
  return { clusters: groupsOf(places, joined), threshold: cut };
}

/** What is wrong with a face's vector, beside the first one. */
function troubleOf(vector: ArrayLike<number> | undefined, first = vector): string | undefined {
  if (!vector?.length) return "no vector";
  if (vector.length !== first!.length) return "a vector of another length";
  return Array.from(vector).every(Number.isFinite) ? undefined : "a vector that holds NaN or infinity";
}

/** The middle of the widest gap between the similarities of joins, of which the first is that of a face with itself. */
function widestGap(merges: readonly Merge[]): number {
  let upper = 1;
  let gap = LEAST_GAP;
  let cut = -1;
  for (const { similarity } of merges.toSorted((a, b) => b.similarity - a.similarity)) {
    if (upper - similarity > gap) {
      gap = upper - similarity;
      cut = (upper + similarity) / 2;
    }
    upper = similarity;
  }
  return cut;
}

function groupsOf(places: readonly FacePlace[], merges: readonly Merge[]): FacePlace[][] {
  const forest = new Forest(places.length);
  for (const { first, second } of merges) forest.join(first, second);
  const groups = new Map<number, FacePlace[]>();
  for (const [index, place] of places.entries()) {
    const root = forest.rootOf(index);
    const group = groups.get(root);
    if (group) group.push(place);
    else groups.set(root, [place]);
  }
  // The sort is stable, and the map is in the order of first faces.
  return [...groups.values()].sort((a, b) => b.length - a.length);
}
