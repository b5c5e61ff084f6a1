export { createServer, type VitrailServer } from "../apps/server/create-server.js";
export { jsonLog, type LogFields, type Logger } from "../apps/server/http/json-log.js";
export { type Listening, type ListenOptions, listen } from "../apps/server/listen.js";
export type { ServedModel, ServerOptions } from "../apps/server/server-options.js";
export { ServerError, VitrailError } from "../errors.js";
