import type { SearchHit, SearchIndex } from "../../../tasks/search/search-index.js";
import { embeddingOf, type ModelService } from "./model-service.js";

/** Finds pictures like another one in an index of a model's vectors. */
export class NeighborService {
  constructor(
    private readonly index: Pick<SearchIndex, "search">,
    private readonly model: ModelService,
  ) {}

  async nearest(picture: Uint8Array, topK: number, signal: AbortSignal): Promise<SearchHit[]> {
    const [outputs] = await this.model.run([picture], ["embedding"], signal);
    return this.index.search(embeddingOf(outputs!), { topK, signal });
  }
}
