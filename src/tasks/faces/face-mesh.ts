import { InputError } from "../../errors.js";
import type { Image } from "../../images/image.js";
import { FACE_MESH, type FaceMeshModel, faceMesh, MESH_POINTS } from "../../models/face-mesh.js";
import { ForwardPass } from "../forward-pass.js";
import { type ImageInput, readImage } from "../image-input.js";
import { onEngine } from "../on-engine.js";
import { checkOptionNames } from "../options.js";
import { packageFile } from "../package-file.js";
import { sigmoid } from "../sigmoid.js";
import type { Face } from "./face.js";
import { faceAngle } from "./face-angle.js";
import { loadNetwork } from "./load-network.js";
import { type Look, lookPixels, toPicture } from "./look.js";

/** The 468 points of a face. */
export interface FaceLandmarks {
  /**
   * x and y in pixels of the picture; z, depth, in the same unit, smaller nearer to the camera, 0 at the head's middle. In the order of
   * MediaPipe's canonical face: 1 is the tip of the nose, 33 and 263 the outer corners of the subject's right and left eye.
   */
  points: [x: number, y: number, z: number][];
  /** That the points lie on a face, 0 to 1: MediaPipe keeps 0.5 and more. */
  presence: number;
}

export interface FaceMeshOptions {
  /** A safetensors file, or a folder with one, to take instead of the weights that ship with vitrail. */
  weights?: string | URL;
  signal?: AbortSignal;
}

/** MediaPipe's `face_detection_front_detection_to_roi`: the box's longer side, this many times, turned by the eyes. */
const ROOM = 1.5;
/** Faces that go through the network at once. */
const BATCH = 8;

const TARGET = {
  model: "the face mesh",
  advice: 'Leave out "weights" to take those that ship with vitrail.',
};

/** Finds 468 points of faces that a detector found. Made by `loadFaceMesh`. */
export class FaceMesh {
  private readonly pass: ForwardPass;

  constructor(model: FaceMeshModel) {
    this.pass = new ForwardPass(model);
  }

  /**
   * The points of a face, or of each of several. A face needs its box, and its eyes where it is turned.
   *
   * @throws InputError `input/image`, `input/face`, `input/disposed`; ImageError for bytes that can't be decoded; `signal.reason`
   */
  landmarks(input: ImageInput, face: MeshFace, options?: { signal?: AbortSignal }): Promise<FaceLandmarks>;
  landmarks(
    input: ImageInput,
    faces: readonly MeshFace[],
    options?: { signal?: AbortSignal },
  ): Promise<FaceLandmarks[]>;
  async landmarks(
    input: ImageInput,
    faces: MeshFace | readonly MeshFace[],
    options: { signal?: AbortSignal } = {},
  ): Promise<FaceLandmarks | FaceLandmarks[]> {
    checkOptionNames(options, ["signal"]);
    const list = isList(faces) ? faces : [faces];
    const looks = list.map(meshLook);
    const image = await readImage(input, { gray16: "scale", signal: options.signal });
    const results = await this.at(image, looks, options.signal);
    return isList(faces) ? results : results[0]!;
  }

  /** The points that each look shows. */
  async at(image: Image, looks: readonly Look[], signal?: AbortSignal): Promise<FaceLandmarks[]> {
    const results: FaceLandmarks[] = [];
    for (let first = 0; first < looks.length; first += BATCH)
      results.push(...(await this.batch(image, looks.slice(first, first + BATCH), signal)));
    return results;
  }

  /** Gives the weights' memory back, once the call that may be running has ended. */
  dispose(): Promise<void> {
    return this.pass.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  private async batch(image: Image, looks: readonly Look[], signal?: AbortSignal): Promise<FaceLandmarks[]> {
    const { size } = FACE_MESH;
    const values = new Float32Array(looks.length * size * size * 3);
    for (const [i, look] of looks.entries())
      values.set(unitValues(lookPixels(image, look, size, "replicate")), i * size * size * 3);
    const raw = await this.pass.run(values, [looks.length, size, size, 3], ["points", "presence"], signal);
    const points = raw.get("points")!.data;
    const presence = raw.get("presence")!.data;
    return looks.map((look, i) => ({
      points: Array.from({ length: MESH_POINTS }, (_, point): [number, number, number] => {
        const [u, v, depth] = points.subarray((i * MESH_POINTS + point) * 3) as unknown as [number, number, number];
        const { x, y } = toPicture(look, u / size, v / size);
        return [x, y, (depth / size) * look.side];
      }),
      presence: sigmoid(presence[i]!),
    }));
  }
}

type MeshFace = Pick<Face, "box" | "landmarks">;

/**
 * Loads MediaPipe's face landmark network.
 *
 * @throws InputError `input/option`; WeightsFileError and CheckpointError for weights that are damaged or do not fit; `signal.reason`
 */
export async function loadFaceMesh(options: FaceMeshOptions = {}): Promise<FaceMesh> {
  checkOptionNames(options, ["weights", "signal"]);
  const { weights = packageFile("weights/face-mesh/model.safetensors"), signal } = options;
  signal?.throwIfAborted();
  const load = () => loadNetwork(() => faceMesh(FACE_MESH), weights, { target: TARGET, signal });
  return onEngine({}, async () => new FaceMesh(await load()), signal);
}

/** @throws InputError `input/face` for a box without place or area */
function meshLook(face: MeshFace): Look {
  const { x, y, width, height } = face?.box ?? {};
  if (![x, y, width, height].every(Number.isFinite) || width <= 0 || height <= 0)
    throw new InputError("input/face", `A face's box of ${width} x ${height} at (${x}, ${y}) shows no face.`);
  const side = ROOM * Math.max(width, height);
  return { centerX: x + width / 2, centerY: y + height / 2, side, angle: faceAngle(face) };
}

/** 0-255 → [0, 1] */
function unitValues({ data }: Image): Float32Array {
  return Float32Array.from(data, (value) => value / 255);
}

function isList(faces: MeshFace | readonly MeshFace[]): faces is readonly MeshFace[] {
  return Array.isArray(faces);
}
