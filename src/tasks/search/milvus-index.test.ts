import { describe, expect, it } from "vitest";
import { type MilvusConnection, openMilvusIndex } from "./milvus-index.js";

// What Milvus answers is tested on a server, in real-servers.test.ts; here is what we make of its refusals.
const ok = { code: 0, error_code: "Success", reason: "" };

/** A connection to a server with one empty collection, that keeps the requests it gets. */
function connection(changes: Partial<MilvusConnection> = {}) {
  const requests: Record<string, unknown>[] = [];
  const settings = JSON.stringify({ width: 2, metric: "cosine", fingerprint: null });
  const client: MilvusConnection = {
    hasCollection: async () => ({ status: ok, value: true }),
    createCollection: async () => ok,
    describeCollection: async () => ({ status: ok, properties: [{ key: "vitrail", value: settings }] }),
    loadCollection: async () => ok,
    upsert: async (request) => {
      requests.push(request as Record<string, unknown>);
      return { status: ok };
    },
    delete: async () => ({ status: ok }),
    query: async () => ({ status: ok, data: [{ "count(*)": "3" }] }),
    search: async (request) => {
      requests.push(request as Record<string, unknown>);
      return { status: ok, results: [] };
    },
    ...changes,
  };
  return { client, requests };
}
const options = { collection: "photos", width: 2 };
const item = { id: "a", vector: [3, 4] };

describe("openMilvusIndex", () => {
  it("tries again after a refusal that passes, thrown or answered", async () => {
    let calls = 0;
    const { client } = connection({
      upsert: async () => {
        calls++;
        if (calls === 1) throw Object.assign(new Error("14 UNAVAILABLE: no connection"), { code: 14 });
        if (calls === 2) return { status: { code: 8, retriable: true, reason: "rate limit" } };
        return { status: ok };
      },
    });
    const index = await openMilvusIndex(client, options);
    await index.add([item]);
    expect(calls).toBe(3);
    expect(index.size).toBe(3);
  });

  it("says what the server said of a refusal that does not pass, at once", async () => {
    const thrown = { code: 1100, reason: "parameter invalid", retriable: false };
    let calls = 0;
    const { client } = connection({
      search: () => {
        calls++;
        return Promise.reject(thrown);
      },
    });
    const index = await openMilvusIndex(client, options);
    await expect(index.search([1, 2])).rejects.toMatchObject({
      code: "search/server",
      message: expect.stringContaining("parameter invalid"),
      details: { code: 1100, tries: 1 },
    });
    expect(calls).toBe(1);
  });

  it("takes the collection that another process made at the same moment", async () => {
    let isThere = false;
    const { client } = connection({
      hasCollection: async () => ({ status: ok, value: isThere }),
      createCollection: () => {
        isThere = true;
        return Promise.reject({ code: 1, reason: "collection already exists" });
      },
    });
    expect((await openMilvusIndex(client, options)).size).toBe(3);
  });

  it("sends equal ids once, vectors of length 1, and large lists in several requests", async () => {
    const { client, requests } = connection();
    const index = await openMilvusIndex(client, options);
    await index.add([{ id: "a", vector: [1, 0] }, item]);
    expect(requests[0]!.data).toMatchObject([{ id: "a", vector: [expect.closeTo(0.6), expect.closeTo(0.8)] }]);
    await index.add(Array.from({ length: 20_000 }, (_, i) => ({ id: `${i}`, vector: [1, i] })));
    const sizes = requests.slice(1).map(({ data }) => (data as unknown[]).length);
    expect(sizes.length).toBeGreaterThan(1);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(20_000);
  });

  it("refuses what is no connection, a collection that is not ours, pages too deep, and metadata of too many values", async () => {
    await expect(openMilvusIndex({} as never, options)).rejects.toMatchObject({ code: "input/option" });
    const foreign = connection({ describeCollection: async () => ({ status: ok, properties: [] }) });
    await expect(openMilvusIndex(foreign.client, options)).rejects.toMatchObject({ code: "search/settings" });
    const index = await openMilvusIndex(connection().client, options);
    await expect(index.search([1, 2], { offset: 16_380 })).rejects.toMatchObject({ code: "input/option" });
    const metadata = { list: Array.from({ length: 5000 }, (_, i) => i) };
    await expect(index.add([{ ...item, metadata }])).rejects.toMatchObject({ code: "search/metadata" });
  });
});
