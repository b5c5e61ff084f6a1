import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { tinyModel } from "../../tasks/model-folder.testing.js";
import { packageFile } from "../../tasks/package-file.js";
import { testServer, withThreads } from "./server.testing.js";

const photo = new Uint8Array(readFileSync(packageFile("conformance/photos/hopper.jpg")));

withThreads();

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE =
  /^([^{ ]+)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (-?(?:\d+\.?\d*(?:e[+-]?\d+)?|Inf)|NaN)$/;

/** Reads Prometheus' text format as strictly as its own parser, and what its linter asks besides. */
function parseMetrics(text: string): { types: Map<string, string>; samples: Sample[] } {
  expect(text.endsWith("\n")).toBe(true);
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const samples: Sample[] = [];
  let family = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const [, kind, name, rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === "HELP") {
      expect([name, helped.has(name!)]).toEqual([name, false]);
      helped.add(name!);
    } else if (kind === "TYPE") {
      // Once, after its HELP, and before its samples.
      expect([name, helped.has(name!), types.has(name!)]).toEqual([name, true, false]);
      expect(["counter", "gauge", "histogram"]).toContain(rest);
      expect(name).toMatch(NAME);
      expect(name!.endsWith("_total")).toBe(rest === "counter");
      types.set(name!, rest!);
      family = name!;
    } else {
      const [, sample = "", labels = "", value] = SAMPLE.exec(line) ?? [];
      expect([line, sample.startsWith(family)]).toEqual([line, true]);
      const suffix = sample.slice(family.length);
      expect(types.get(family) === "histogram" ? ["_bucket", "_sum", "_count"] : [""]).toContain(suffix);
      const pairs = [...labels.matchAll(/([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text]);
      expect(new Set(pairs.map(([key]) => key)).size).toBe(pairs.length);
      samples.push({ name: sample, labels: Object.fromEntries(pairs), value: Number(value) });
    }
  }
  return { types, samples };
}

const seriesOf = ({ labels: { le, ...labels } }: Sample) => JSON.stringify(labels);

it("tells the engine's tensors, as many after passes as before", async () => {
  await using server = await testServer({ models: { m: tinyModel("vit") } });
  const tell = async () => {
    const text = await (await server.fetch(new Request("http://localhost/metrics"))).text();
    return ["vitrail_tensors", "vitrail_engine_memory_bytes"].map((name) =>
      Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1]),
    );
  };
  const before = await tell();
  for (let i = 0; i < 3; i++)
    await server.fetch(new Request("http://localhost/embed", { method: "POST", body: photo }));
  expect(await tell()).toEqual(before);
  expect(before.every((value) => value > 0)).toBe(true);
});

it("gives metrics that Prometheus reads, with few series whatever is asked for", async () => {
  await using server = await testServer({
    models: { emotions: tinyModel("vit"), "owner/b": tinyModel("vit") },
    faces: {},
  });
  const send = async (path: string, init?: RequestInit) =>
    (await server.fetch(new Request(`http://localhost${path}`, init))).status;
  const picture = { method: "POST", body: photo, headers: { "content-type": "image/jpeg" } };
  for (const path of ["/models/emotions", "/models/owner/b", "/embed", "/smartclick"]) await send(path, picture);
  for (let i = 0; i < 300; i++) {
    await send(`/nothing-${i}`);
    await send(`/models/nothing-${i}`, picture);
    await send(`/v2/models/x${i}`);
    await send("/", { method: `M${i}` });
  }
  const text = await (await server.fetch(new Request("http://localhost/metrics"))).text();
  const { types, samples } = parseMetrics(text);
  for (const name of types.keys()) {
    const own = samples.filter((sample) => sample.name.startsWith(name));
    expect([name, new Set(own.map(seriesOf)).size <= 40]).toEqual([name, true]);
  }
  const keys = new Set(samples.map(({ name, labels }) => JSON.stringify([name, Object.entries(labels).sort()])));
  expect(keys.size).toBe(samples.length);
  const asked = samples.filter(({ name }) => name === "http_server_request_duration_seconds_count");
  expect(asked.reduce((sum, { value }) => sum + value, 0)).toBe(4 + 4 * 300);
  // Buckets grow, and the last one is the count.
  const buckets = samples.filter(({ name }) => name.endsWith("_bucket"));
  const groups = new Map<string, Sample[]>();
  for (const bucket of buckets) {
    const key = bucket.name + seriesOf(bucket);
    groups.set(key, [...(groups.get(key) ?? []), bucket]);
  }
  expect(groups.size).toBeGreaterThan(5);
  for (const group of groups.values()) {
    expect(group.at(-1)!.labels.le).toBe("+Inf");
    for (const [i, { value }] of group.entries()) expect(value).toBeGreaterThanOrEqual(group[i - 1]?.value ?? 0);
    const name = group[0]!.name.replace("_bucket", "_count");
    const count = samples.find((sample) => sample.name === name && seriesOf(sample) === seriesOf(group[0]!));
    expect(group.at(-1)!.value).toBe(count!.value);
  }
});
