import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeImage } from "../../../images/decode-image.js";
import { encodePng } from "../../../images/encode-png.js";
import { scoresOf } from "../../../tasks/classification.js";
import { loadFaceAnalyzer } from "../../../tasks/faces/load-face-analyzer.js";
import { annotate } from "../../../tasks/faces/pictures/annotate.js";
import { toScaleflex } from "../../../tasks/faces/services/to-scaleflex.js";
import { toSmartClick } from "../../../tasks/faces/services/to-smart-click.js";
import { loadModel } from "../../../tasks/load-model.js";
import { tinyModel } from "../../../tasks/model-folder.testing.js";
import { packageFile } from "../../../tasks/package-file.js";
import type { VisionModel } from "../../../tasks/vision-model.js";
import type { VitrailServer } from "../create-server.js";
import { testServer, withThreads } from "../server.testing.js";
import type { ServerOptions } from "../server-options.js";

const photo = readFileSync(packageFile("conformance/photos/hopper.jpg"));
const other = readFileSync(packageFile("conformance/photos/coffee.png"));
const faces = { attributes: { emotion: tinyModel("vit") }, detector: { model: "short" } } as const;

withThreads();
let server: VitrailServer;
let model: VisionModel;
beforeAll(async () => {
  server = await testServer({ models: { emotions: tinyModel("vit"), encoder: tinyModel("vit-bare") }, faces });
  model = await loadModel(tinyModel("vit"));
});
afterAll(async () => {
  await server?.close();
  await model?.dispose();
});

const post = (path: string, body: BodyInit, type?: string) =>
  server.fetch(
    new Request(`http://localhost${path}`, {
      method: "POST",
      body,
      ...(type && { headers: { "content-type": type } }),
    }),
  );
const postJson = (path: string, body: unknown) => post(path, JSON.stringify(body), "application/json");
const base64 = (bytes: Buffer) => bytes.toString("base64");
const form = (bytes: Buffer, name: string) => {
  const data = new FormData();
  data.append("image", new File([new Uint8Array(bytes)], name));
  return data;
};
const answerOf = async (response: Response) => {
  const json = await response.json();
  expect(json, JSON.stringify(json)).toBeDefined();
  expect([response.status, json]).toEqual([200, json]);
  return json;
};

describe("Hugging Face", () => {
  const wanted = () => model.classify(photo, { topK: 5 });

  it.each([
    ["raw bytes", () => post("/models/emotions", new Uint8Array(photo), "image/jpeg")],
    ["raw bytes without a type", () => post("/models/emotions", new Uint8Array(photo))],
    ["a form", () => post("/models/emotions", form(photo, "face.jpg"))],
    ["JSON", () => postJson("/models/emotions", { inputs: base64(photo) })],
    ["a data URI", () => postJson("/models/emotions", { inputs: `data:image/jpeg;base64,${base64(photo)}` })],
  ])("gives the model's own five best labels from %s", async (_, send) => {
    expect(await answerOf(await send())).toEqual(await wanted());
  });

  it("takes top_k and function_to_apply", async () => {
    const parameters = { top_k: 2, function_to_apply: "none" };
    const answer = await answerOf(await postJson("/models/emotions", { inputs: base64(photo), parameters }));
    expect(answer).toEqual(await model.classify(photo, { topK: 2, activation: "none" }));
    const query = await post("/models/emotions?top_k=2&function_to_apply=none", new Uint8Array(photo), "image/jpeg");
    expect(await answerOf(query)).toEqual(answer);
  });
});

describe("Azure ML", () => {
  it("gives every label's probability for each picture, in the labels' order", async () => {
    const data = [base64(photo), base64(other)];
    const answer = await answerOf(await postJson("/score", { input_data: { columns: ["image"], data } }));
    const runs = await model.run([photo, other], { outputs: ["logits"] });
    expect(answer).toEqual(
      runs.map(({ logits }) => ({ probs: [...scoresOf(logits.data, "softmax")], labels: [...model.labels] })),
    );
  });

  it("takes rows with a cell for each column", async () => {
    const input_data = { columns: ["id", "image"], index: [0], data: [[7, base64(photo)]] };
    const [row] = await answerOf(await postJson("/score", { input_data }));
    expect(row.labels).toEqual(model.labels);
  });
});

describe("TEI", () => {
  it("embeds one picture or several, as lists of vectors of length 1", async () => {
    const [a, b] = await model.embed([photo, other]);
    expect(await answerOf(await postJson("/embed", { inputs: base64(photo) }))).toEqual([[...a!]]);
    const both = await answerOf(await postJson("/embed", { inputs: [base64(photo), base64(other)] }));
    expect(both).toEqual([[...a!], [...b!]]);
  });

  it("leaves vectors as they are with normalize false", async () => {
    const vector = await model.embed(photo, { normalize: false });
    const answer = await answerOf(await postJson("/embed", { inputs: base64(photo), normalize: false }));
    expect(answer).toEqual([[...vector]]);
  });

  it("predicts a list for one picture and a list of lists for several; raw_scores are logits", async () => {
    const labels = await model.classify(photo);
    expect(await answerOf(await postJson("/predict", { inputs: base64(photo) }))).toEqual(labels);
    expect(await answerOf(await postJson("/predict", { inputs: [base64(photo)] }))).toEqual([labels]);
    const raw = await answerOf(await postJson("/predict", { inputs: base64(photo), raw_scores: true }));
    expect(raw).toEqual(await model.classify(photo, { activation: "none" }));
  });

  it("tells at /info how a model's weights are kept", async () => {
    await using int8 = await testServer({ models: { m: { model: tinyModel("vit"), dtype: "int8" } } });
    const info = async (from: VitrailServer) => (await from.fetch(new Request("http://localhost/info"))).json();
    expect(await info(int8)).toMatchObject({ model_id: "m", model_dtype: "int8", max_client_batch_size: 64 });
    expect(await info(server)).toMatchObject({ model_id: "emotions", model_dtype: "float32" });
  });

  it("takes another model by its name", async () => {
    const answer = await answerOf(await postJson("/embed", { inputs: base64(photo), model: "encoder" }));
    expect(answer[0]).toHaveLength(32);
  });
});

describe("KServe v2", () => {
  it("infers from encoded pictures", async () => {
    const inputs = [{ name: "image", datatype: "BYTES", shape: [2], data: [base64(photo), base64(other)] }];
    const answer = await answerOf(await postJson("/v2/models/emotions/infer", { id: "a1", inputs }));
    const runs = await model.run([photo, other], { outputs: ["logits"] });
    expect(answer).toEqual({
      model_name: "emotions",
      model_version: "1",
      id: "a1",
      outputs: [
        { name: "logits", shape: [2, 7], datatype: "FP32", data: runs.flatMap(({ logits }) => [...logits.data]) },
      ],
    });
  });

  it("infers from prepared pixels, channels first", async () => {
    const { height, width } = model.config.architecture.image;
    const pixels = Float32Array.from({ length: 3 * height * width }, (_, i) => Math.sin(i));
    const inputs = [{ name: "pixel_values", datatype: "FP32", shape: [1, 3, height, width], data: [...pixels] }];
    const outputs = [{ name: "embedding" }, { name: "probabilities" }];
    const answer = await answerOf(await postJson("/v2/models/emotions/infer", { inputs, outputs }));
    const lastly = Float32Array.from(pixels, (_, i) => pixels[(i % 3) * height * width + Math.floor(i / 3)]!);
    const run = await model.runTensor(lastly, [1, height, width, 3], {
      outputs: ["embedding", "logits"],
      normalize: true,
    });
    expect(answer.outputs).toEqual([
      { name: "embedding", shape: [1, 32], datatype: "FP32", data: [...run.embedding.data] },
      { name: "probabilities", shape: [1, 7], datatype: "FP32", data: [...scoresOf(run.logits.data, "softmax")] },
    ]);
  });

  it.each([
    ["/v2/health/live", { live: true }],
    ["/v2/health/ready", { ready: true }],
    ["/v2/models/emotions/ready", { name: "emotions", ready: true }],
    ["/v2/models/emotions/versions/1/ready", { name: "emotions", ready: true }],
  ])("answers GET %s", async (path, wanted) => {
    expect(await answerOf(await server.fetch(new Request(`http://localhost${path}`)))).toEqual(wanted);
  });
});

describe("OpenAI", () => {
  const input = `data:image/jpeg;base64,${base64(photo)}`;

  it("embeds data URIs as numbers and as base64", async () => {
    const vector = await model.embed(photo);
    const answer = await answerOf(await postJson("/v1/embeddings", { input, model: "emotions" }));
    expect(answer).toEqual({
      object: "list",
      data: [{ object: "embedding", index: 0, embedding: [...vector] }],
      model: "emotions",
      usage: { prompt_tokens: 0, total_tokens: 0 },
    });
    const encoded = await answerOf(
      await postJson("/v1/embeddings", { input: [input], model: "emotions", encoding_format: "base64" }),
    );
    expect(Buffer.from(encoded.data[0].embedding, "base64")).toEqual(Buffer.from(vector.buffer));
  });

  it("takes messages with image_url, as vLLM does", async () => {
    const messages = [{ role: "user", content: [{ type: "image_url", image_url: { url: input } }] }];
    const answer = await answerOf(await postJson("/v1/embeddings", { messages, model: "emotions" }));
    expect(answer.data[0].embedding).toEqual([...(await model.embed(photo))]);
  });
});

describe("faces", () => {
  const analysis = async () => {
    await using analyzer = await loadFaceAnalyzer(faces);
    return await analyzer.analyze(photo);
  };

  it("answers as SmartClick: a bare list with rectangles and sentiments", async () => {
    const answer = await answerOf(await post("/smartclick", form(photo, "face.jpg")));
    expect(answer).toHaveLength(1);
    expect(answer).toEqual(JSON.parse(JSON.stringify(toSmartClick(await analysis()))));
  });

  it("answers as SmartClick also beyond its limits: WebP, and pictures larger than 1920 x 1080", async () => {
    const webp = readFileSync(packageFile("conformance/photos/hopper.webp"));
    expect(await answerOf(await post("/smartclick", form(webp, "face.webp")))).toHaveLength(1);
    const high = readFileSync(packageFile("conformance/photos/retina.jpg"));
    await answerOf(await post("/smartclick", form(high, "high.jpg")));
  });

  it("answers as SmartClick without faces: an empty list", async () => {
    expect(await answerOf(await post("/smartclick", new Uint8Array(other), "image/png"))).toEqual([]);
  });

  it("answers as Scaleflex: boxes and percentages, with the file's name and the request's id", async () => {
    const response = await post("/scaleflex", form(photo, "friends.jpg"));
    const requestId = response.headers.get("x-request-id")!;
    const resultUrl = `http://localhost/scaleflex/results/${requestId}.png`;
    const wanted = toScaleflex(await analysis(), { name: "friends.jpg", requestId, resultUrl });
    expect(await answerOf(response)).toEqual(JSON.parse(JSON.stringify(wanted)));
    expect(Object.keys(wanted.faces)).toEqual(["face_0"]);
  });

  it("keeps Scaleflex's result for a while: a PNG of the picture with its faces drawn in, also of a raw body", async () => {
    const image = await decodeImage(photo);
    const wanted = encodePng(annotate(image, (await analysis()).faces));
    for (const body of [form(photo, "friends.jpg"), new Uint8Array(photo)]) {
      const { result } = await answerOf(await post("/scaleflex", body));
      for (let times = 0; times < 2; times++) {
        const response = await server.fetch(new Request(result));
        expect([response.status, response.headers.get("content-type")]).toEqual([200, "image/png"]);
        expect(Buffer.compare(new Uint8Array(await response.arrayBuffer()), wanted)).toBe(0);
      }
    }
    const gone = await server.fetch(new Request(`http://localhost/scaleflex/results/${crypto.randomUUID()}.png`));
    expect([gone.status, (await gone.json()).code]).toEqual([404, "server/not-found"]);
  });

  it("gives Scaleflex's result at the public URL, or none", async () => {
    await using analyzer = await loadFaceAnalyzer(faces);
    const ask = async (options: Partial<ServerOptions>) => {
      await using other = await testServer({ faces: analyzer, ...options });
      const request = new Request("http://localhost/scaleflex", { method: "POST", body: new Uint8Array(photo) });
      return (await (await other.fetch(request)).json()) as { result: string; request_uuid: string };
    };
    expect((await ask({ results: "none" })).result).toBe("");
    const { result, request_uuid } = await ask({ publicUrl: "https://example.org/vision/" });
    expect(result).toBe(`https://example.org/vision/scaleflex/results/${request_uuid}.png`);
  });
});
