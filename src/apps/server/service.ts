import { ServerError } from "../../errors.js";
import type { FetchPicture } from "./http/picture-source.js";
import type { BodyLimits } from "./http/read-body.js";
import type { FaceService } from "./inference/face-service.js";
import type { KeptPictures } from "./inference/kept-pictures.js";
import type { ModelService } from "./inference/model-service.js";
import type { NeighborService } from "./inference/neighbor-service.js";
import type { ServerMetrics } from "./server-metrics.js";

/** A queue that has been full for longer than this is no place to send more requests to, in milliseconds. */
const FULL_MS = 5_000;

/** What the dialects answer with. */
export interface ServiceParts {
  models: ReadonlyMap<string, ModelService>;
  faces?: FaceService | undefined;
  neighbors?: NeighborService | undefined;
  /** Absent: URLs are off. */
  fetchPicture?: FetchPicture | undefined;
  /** Where pictures of answers are kept for a while. Absent: nowhere. */
  kept?: KeptPictures | undefined;
  /** Before the paths of this server, as its clients see it. Absent: as in their requests. */
  publicUrl?: string | undefined;
  body: BodyLimits;
  metrics: ServerMetrics;
  version: string;
  /** Whether the threads that decode are all there. */
  isDecoding: () => boolean;
}

/** All that is served, and whether it is. */
export class Service {
  /** Once true, nothing new is let in. */
  isDraining = false;
  /** Requests that are being answered. */
  inFlight = 0;
  private idle: (() => void) | undefined;

  constructor(readonly parts: ServiceParts) {}

  /**
   * A model by its name; without one, the first that has labels where they are needed.
   *
   * @throws ServerError `server/not-found`, `server/not-implemented`
   */
  model(name: string | undefined, need: "labels" | "vectors"): ModelService {
    const { models } = this.parts;
    const fits = (model: ModelService) => need === "vectors" || model.labels.length > 0;
    const model = name === undefined ? [...models.values()].find(fits) : models.get(name);
    if (!model && name !== undefined) throw new ServerError("server/not-found", "There is no model of this name.");
    if (!model || !fits(model))
      throw new ServerError("server/not-implemented", "There is no model here that classifies: none has labels.");
    return model;
  }

  /** @throws ServerError `server/not-implemented` where no faces are looked for, or an attribute is not told */
  faces(attribute?: string): FaceService {
    const { faces } = this.parts;
    if (!faces) throw new ServerError("server/not-implemented", "This server does not look for faces.");
    if (attribute !== undefined && faces.attributes?.includes(attribute) === false)
      throw new ServerError(
        "server/not-implemented",
        `This server does not tell the attribute "${attribute}" of faces.`,
      );
    return faces;
  }

  /** Why no request should come here now; nothing where one may. */
  unreadiness(): string | undefined {
    const { models, faces, isDecoding } = this.parts;
    if (this.isDraining) return "draining";
    const services = [...models.values(), ...(faces ? [faces] : [])];
    if (!isDecoding() || services.some(({ isUp }) => !isUp)) return "starting";
    return services.some(({ admission }) => admission.fullMs > FULL_MS) ? "overloaded" : undefined;
  }

  /** @throws ServerError `server/draining` */
  enter(): void {
    if (this.isDraining)
      throw new ServerError("server/draining", "The server is shutting down. Send the request again.");
    this.inFlight++;
  }

  leave(): void {
    this.inFlight--;
    if (this.inFlight === 0) this.idle?.();
  }

  /** Lets nothing new in, and waits until what is there is answered, but no longer than `mostMs`. */
  async drain(mostMs: number): Promise<void> {
    this.isDraining = true;
    if (this.inFlight === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, mostMs);
      this.idle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
