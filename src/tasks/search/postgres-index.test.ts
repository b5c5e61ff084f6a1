import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openPostgresIndex, type PostgresClient } from "./postgres-index.js";
import { describeRemoteIndex } from "./remote-index.testing.js";

let server: PGlite;
// The server itself, compiled to WebAssembly, with pgvector: it takes some seconds to start.
beforeAll(async () => {
  server = await PGlite.create({ extensions: { vector } });
}, 60_000);
afterAll(() => server.close());

describeRemoteIndex(
  "an index in PostgreSQL",
  ({ name, ...options }) => openPostgresIndex(server, { table: name, ...options }),
  { listFilters: [{ tags: { gt: 6 } }] },
);

it("refuses what is no connection", async () => {
  await expect(openPostgresIndex({} as never, { table: "photos", width: 3 })).rejects.toMatchObject({
    code: "input/option",
  });
});

it("tries again after a failure that passes, and says what the server said of one that does not", async () => {
  let failures = 2;
  const flaky: PostgresClient = {
    async query(text, parameters) {
      if (text.startsWith("INSERT INTO flaky") && failures-- > 0)
        throw Object.assign(new Error("deadlock"), { code: "40P01" });
      return server.query(text, parameters as never[]);
    },
  };
  const index = await openPostgresIndex(flaky, { table: "flaky", width: 2 });
  const items = [0, 1, 2].map((i) => ({ id: `item-${i}`, vector: [i, 1] }));
  await index.add(items);
  expect(index.size).toBe(3);
  await server.query("DROP TABLE flaky");
  await expect(index.add(items)).rejects.toMatchObject({ code: "search/server", details: { code: "42P01" } });
});
