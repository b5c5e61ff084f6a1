export { SearchError } from "../errors.js";
export { type ClusterMethod, type ClusterOptions, type Clusters, clusterVectors } from "../tasks/search/cluster.js";
export type { EmbeddedIndex } from "../tasks/search/embedded-index.js";
export {
  type DuplicateOptions,
  type Duplicates,
  findDuplicates,
  type ThresholdSource,
} from "../tasks/search/find-duplicates.js";
export { fingerprintOf } from "../tasks/search/fingerprint.js";
export type { IndexMode } from "../tasks/search/index-folder.js";
export type { Precision } from "../tasks/search/manifest.js";
export type { Filter, FilterCondition, FilterValue } from "../tasks/search/metadata-filter.js";
export {
  type MilvusConnection,
  type MilvusIndex,
  type MilvusOptions,
  openMilvusIndex,
} from "../tasks/search/milvus-index.js";
export { type IndexOptions, openIndex } from "../tasks/search/open-index.js";
export {
  openPostgresIndex,
  type PostgresClient,
  type PostgresIndex,
  type PostgresOptions,
} from "../tasks/search/postgres-index.js";
export type {
  IndexItem,
  Metadata,
  Metric,
  SearchHit,
  SearchIndex,
  SearchOptions,
} from "../tasks/search/search-index.js";
