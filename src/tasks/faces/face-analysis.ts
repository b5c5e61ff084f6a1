import type { AttributeFailure } from "./attributes/attribute-models.js";
import type { FaceAttributes } from "./attributes/attribute-value.js";
import type { Face } from "./face.js";
import type { FaceQuality } from "./face-quality.js";

/** A face with what its models say about it. */
export interface AnalyzedFace extends Face {
  quality: FaceQuality;
  attributes: FaceAttributes;
  /** Where `embed` was asked for: of length 1, for search and clustering, `[width]`. */
  vector?: Float32Array;
}

/** What `analyzeFaces` gives for one picture. */
export interface FaceAnalysis {
  /** Pixels of the picture as EXIF turns it. */
  width: number;
  height: number;
  /** Best first; empty where there is none. */
  faces: AnalyzedFace[];
  /** Attributes that were skipped, and why; absent if there were none. */
  failures?: Record<string, AttributeFailure>;
}
