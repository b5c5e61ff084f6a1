import { afterAll, beforeAll, describe } from "vitest";
import { type MilvusConnection, openMilvusIndex } from "./milvus-index.js";
import { openPostgresIndex, type PostgresClient } from "./postgres-index.js";
import { clientPackage, startServer, whyNoServers } from "./real-server.testing.js";
import { describeRemoteIndex } from "./remote-index.testing.js";

describe.skipIf(whyNoServers)(`on real servers${whyNoServers ? ` (${whyNoServers})` : ""}`, () => {
  let server: Awaited<ReturnType<typeof startServer>>;

  describe("PostgreSQL", () => {
    let pool: PostgresClient & { end(): Promise<void> };
    beforeAll(async () => {
      server = await startServer("postgres");
      const { Pool } = clientPackage("pg");
      pool = new Pool({ connectionString: server.address });
    }, 60_000);
    afterAll(async () => {
      await pool.end();
      await server.stop();
    });
    describeRemoteIndex(
      "an index in PostgreSQL with pgvector",
      ({ name, ...options }) => openPostgresIndex(pool, { table: name, ...options }),
      { listFilters: [{ tags: { gt: 6 } }] },
    );
  });

  describe("Milvus", () => {
    let client: MilvusConnection & { connectPromise: Promise<void>; closeConnection(): Promise<void> };
    beforeAll(async () => {
      server = await startServer("milvus");
      const { MilvusClient } = clientPackage("@zilliz/milvus2-sdk-node");
      client = new MilvusClient({ address: server.address, logLevel: "error" });
      await client.connectPromise;
    }, 60_000);
    afterAll(async () => {
      await client.closeConnection();
      await server.stop();
    });
    describeRemoteIndex("an index in Milvus", ({ name, ...options }) =>
      openMilvusIndex(client, { collection: name, ...options }),
    );
  });
});
