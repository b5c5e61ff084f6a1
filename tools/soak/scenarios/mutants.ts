import { readFileSync } from "node:fs";
import { packageFile } from "../../../src/tasks/package-file.js";
import { closedLoop } from "../client.js";
import { modelFolder, photo } from "../pictures.js";
import { bound, type Findings, type SoakBuild } from "../soak-build.js";

const AT_A_TIME = 16;
/** What a broken request may be answered with. */
const CODES = new Set([200, 400, 404, 405, 413, 414, 415, 422, 501]);
const SLOWEST_MS = 1_000;
/** Bytes that mean something in JSON, forms and queries. */
const TELLING = Buffer.from('\u0000\r\n"\\{}[],:;=&%-+/#<\u007f\u0080\u00ff', "latin1");

/** A request that is right, to be broken. */
interface Seed {
  path: string;
  type: string;
  body: Buffer;
}

/** S12: bodies, queries and types of every dialect with bytes changed, cut, doubled and thrown in; after each hundred a right one. */
export async function mutants(build: SoakBuild, { requests }: { requests: number }): Promise<Findings> {
  const model = modelFolder("vit");
  const faces = { attributes: { emotion: model } };
  const server = await build.createServer({ models: { m: model }, faces, queue: 256 });
  const send = (path: string, type: string, body: Uint8Array) =>
    server.fetch(
      new Request(`http://localhost${path}`, {
        method: "POST",
        body: body as BodyInit,
        headers: { "content-type": type },
      }),
    );
  const good = async () => (await send("/models/m", "image/jpeg", photo)).text();
  const random = generator(1);
  const seeds = seedRequests();
  try {
    const right = await good();
    const strange = new Set<string>();
    const codes = new Map<number, number>();
    let slowest = 0;
    let goodChanged = 0;
    let notJson = 0;
    await closedLoop(requests, AT_A_TIME, async (index) => {
      const seed = seeds[index % seeds.length]!;
      const body = mutate(seed.body, random);
      const query = random(4) === 0 ? `?${mutate(Buffer.from("top_k=3&model=m"), random).toString("base64url")}=` : "";
      const type = random(8) === 0 ? headerText(mutate(Buffer.from(seed.type), random)) : seed.type;
      const start = performance.now();
      const response = await send(seed.path + query, type, body);
      const text = await response.text();
      slowest = Math.max(slowest, performance.now() - start);
      codes.set(response.status, (codes.get(response.status) ?? 0) + 1);
      if (!CODES.has(response.status)) strange.add(`${response.status} of ${seed.path}`);
      if (!isJson(text)) notJson++;
      if (index % 100 === 99 && (await good()) !== right) goodChanged++;
    });
    const tally = [...codes].sort(([a], [b]) => a - b).map(([code, count]) => `${count} x ${code}`);
    return {
      id: "S12",
      title: `${requests} broken requests in every dialect: ${tally.join(", ")}`,
      figures: [
        bound(`answers with a code that is not theirs ${[...strange].join(", ")}`.trim(), strange.size, "=", 0),
        bound("answers that are no JSON", notJson, "=", 0),
        bound("good pictures that were answered differently meanwhile", goodChanged, "=", 0),
        bound("codes that were seen", codes.size, ">=", 4),
        bound("slowest answer", slowest, "<=", SLOWEST_MS, "ms"),
      ],
    };
  } finally {
    await server.close();
  }
}

function seedRequests(): Seed[] {
  const base64 = photo.toString("base64");
  const json = (path: string, value: unknown): Seed => ({
    path,
    type: "application/json",
    body: Buffer.from(JSON.stringify(value)),
  });
  const form = Buffer.concat([
    Buffer.from(
      '--b\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n',
    ),
    photo,
    Buffer.from('\r\n--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--b--\r\n'),
  ]);
  const raw = (name: string, type: string): Seed => ({
    path: "/models/m",
    type,
    body: readFileSync(packageFile(`conformance/photos/${name}`)),
  });
  const data = `data:image/jpeg;base64,${base64}`;
  const image = { name: "image", shape: [1], datatype: "BYTES", data: [base64] };
  const pixels = { name: "pixel_values", shape: [1, 3, 32, 32], datatype: "FP32", data: Array(3 * 32 * 32).fill(0.5) };
  return [
    json("/models/m", { inputs: base64, parameters: { top_k: 3, function_to_apply: "softmax" } }),
    json("/smartclick", { image: base64 }),
    json("/scaleflex", { url: "https://example.org/a.jpg" }),
    json("/score", { input_data: { columns: ["image"], index: [0], data: [[base64]] } }),
    json("/embed", { inputs: [base64], normalize: true, truncate: false }),
    json("/predict", { inputs: [[base64]], raw_scores: true }),
    json("/v2/models/m/infer", { id: "1", inputs: [image], outputs: [{ name: "logits" }] }),
    json("/v2/models/m/infer", { inputs: [pixels] }),
    json("/v1/embeddings", { model: "m", input: data, encoding_format: "base64" }),
    json("/v1/embeddings", {
      messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: data } }] }],
    }),
    { path: "/scaleflex", type: "multipart/form-data; boundary=b", body: form },
    { path: "/embed", type: "multipart/form-data; boundary=b", body: form },
    raw("hopper.jpg", "image/jpeg"),
    raw("hopper.webp", "image/webp"),
    raw("coffee.png", "image/png"),
  ];
}

/** One to four changes; of half of the bodies near their beginning or end, where their form stands. */
function mutate(seed: Buffer, random: (below: number) => number): Buffer {
  let bytes = Buffer.from(seed);
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const near = Math.min(bytes.length, 200);
    const place = [random(bytes.length), random(near), bytes.length - random(near)][random(3)]!;
    const at = Math.min(Math.max(0, place), Math.max(0, bytes.length - 1));
    const piece = bytes.subarray(at, at + 1 + random(40));
    switch (random(6)) {
      case 0:
        bytes[at] = random(256);
        break;
      case 1:
        bytes[at] = TELLING[random(TELLING.length)]!;
        break;
      case 2: // cut out
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + piece.length)]);
        break;
      case 3: // doubled
        bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
        break;
      case 4: // cut off
        bytes = bytes.subarray(0, at);
        break;
      default: // thrown in
        bytes = Buffer.concat([bytes.subarray(0, at), TELLING.subarray(random(TELLING.length)), bytes.subarray(at)]);
    }
  }
  return bytes;
}

/** What `Headers` takes. */
const headerText = (bytes: Buffer) => bytes.toString("latin1").replace(/[^\x20-\x7e\x80-\xff]/g, "?");

/** Whole numbers from 0, the same ones for the same seed. Numerical Recipes' linear congruence. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
