import { toJsonSchema } from "@valibot/to-json-schema";
import type { GenericSchema } from "valibot";
import { type Dialect, type Operation, pathTemplate } from "./operation.js";

/** The OpenAPI 3.1 document of all routes, made of the schemas that check what comes in. */
export function openApiDocument(dialects: readonly Dialect[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const dialect of dialects)
    for (const operation of dialect.operations) {
      const path = pathTemplate(operation);
      paths[path] = { ...paths[path], [operation.method]: describe(operation, dialect) };
    }
  return {
    openapi: "3.1.0",
    info: { title: "vitrail", version, description: "Vision transformers behind the routes of seven systems." },
    tags: dialects.map(({ name, description }) => ({ name, description })),
    paths,
    security: [{}, { bearer: [] }, { key: [] }],
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        key: { type: "apiKey", in: "header", name: "x-api-key" },
      },
    },
  };
}

function describe(operation: Operation, { name, error }: Dialect): object {
  const { method, path, summary, query, answer } = operation;
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, parameter]) => ({
    name: parameter,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const inQuery = Object.entries(propertiesOf(query)).map(([parameter, schema]) => ({
    name: parameter,
    in: "query",
    schema,
  }));
  const content = contentOf(operation);
  return {
    operationId: `${method} ${path}`.replace(/\W+/g, "-"),
    tags: [name],
    summary,
    ...(inPath.length + inQuery.length > 0 && { parameters: [...inPath, ...inQuery] }),
    ...(content && { requestBody: { required: true, content } }),
    responses: {
      200: {
        description: "The answer",
        content: typeof answer === "string" ? { [answer]: {} } : { "application/json": { schema: jsonSchema(answer) } },
      },
      default: { description: "Why there is none", content: { "application/json": { schema: jsonSchema(error) } } },
    },
  };
}

function contentOf({ json, takes }: Operation): Record<string, object> | undefined {
  if (!json && !takes) return undefined;
  const file = { type: "object", properties: { image: { type: "string", contentMediaType: "image/*" } } };
  return {
    ...(json && { "application/json": { schema: jsonSchema(json) } }),
    ...(takes && { "image/*": {}, "application/octet-stream": {}, "multipart/form-data": { schema: file } }),
  };
}

function propertiesOf(schema: GenericSchema | undefined): Record<string, object> {
  return schema ? ((jsonSchema(schema) as { properties?: Record<string, object> }).properties ?? {}) : {};
}

/** What a client sends, so a transformed value as it comes in. */
function jsonSchema(schema: GenericSchema): object {
  const { $schema, ...rest } = toJsonSchema(schema as Parameters<typeof toJsonSchema>[0], {
    target: "draft-2020-12",
    typeMode: "input",
    errorMode: "ignore",
  });
  return rest;
}
