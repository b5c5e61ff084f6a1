// Builds the image with podman and tries it as it is meant to run. Prints a line for each thing and ends with "N passed, N failed".
//
//   node tools/deploy/try-image.mjs
//   node tools/deploy/try-image.mjs --base docker.io/library/node:24-slim
//
// Without --base the image stands on a Debian with Node 24 that is made here, since not every machine reaches a registry of images.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { makeNodeImage } from "./node-image.mjs";
import { Container, eventually, run, runImage } from "./podman.mjs";

const IMAGE = "localhost/vitrail-trial";
const root = join(import.meta.dirname, "../..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
/** Megabytes on top of Node's own image: what docs/deploy.md says, and some to grow. */
const MOST_MB = 70;
const { values: options } = parseArgs({ options: { base: { type: "string" } } });

/** As strict as an orchestrator can be. */
const LOCKED = [
  ...["--read-only", "--read-only-tmpfs=false", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"],
  ...["--network", "none"],
];
const model = ["--volume", `${join(root, "conformance/models/vit")}:/models/vit:ro`];
const photos = ["--volume", `${join(root, "conformance/photos")}:/photos:ro`];
const serve = ["serve", "--host", "0.0.0.0", "--faces", "--model", "vit=/models/vit"];

const trials = [
  ["builds, no larger than it should be", build],
  ["answers on the command line, with the packages of queues and Parquet", answers],
  ["brings no development package, no map of sources and no test", isLean],
  ["is healthy by its own check, without root, rights, network or a writable disk", isHealthy],
  ["is unhealthy where nothing listens", isUnhealthy],
  ["answers what it has begun when it is stopped, and exits with 0", drains],
  ["exits with 0 when it is stopped while models load", stopsWhileLoading],
  ["works through a queue on Redis, as compose.yaml has it", worksThroughQueue],
  ["scores as an Azure ML endpoint, with the model where Azure mounts it", scoresForAzure],
];

let failed = 0;
for (const [name, trial] of trials) {
  try {
    console.log(`ok    ${name}${note(await trial())}`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}\n${error.message}`);
  }
}
for (const image of [IMAGE, `${IMAGE}-azure-ml`]) run("podman", ["rmi", "--force", image], { mayFail: true });
console.log(`${trials.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

function note(text) {
  return text ? `: ${text}` : "";
}

function build() {
  const base = options.base ?? makeNodeImage();
  const settings = npmSettings();
  try {
    run(
      "podman",
      [
        ...["build", "--quiet", "--format", "docker", "--runtime", "runc", "--network", "host"],
        ...["--build-context", `node:24-slim=container-image://${base}`],
        ...settings.args,
        ...["--file", "tools/deploy/Dockerfile", "--tag", IMAGE, "."],
      ],
      { cwd: root },
    );
  } finally {
    settings.remove();
  }
  const size = (image) => Number(run("podman", ["inspect", "--format", "{{.Size}}", image]).stdout) / 1e6;
  const megabytes = size(IMAGE) - size(base);
  if (megabytes > MOST_MB)
    throw new Error(`${megabytes.toFixed(0)} MB on top of Node's image; wanted ${MOST_MB} at most`);
  return `${megabytes.toFixed(0)} MB on top of Node's image`;
}

/** npm inside of the build takes packages from where npm outside does. */
function npmSettings() {
  const folder = mkdtempSync(join(tmpdir(), "vitrail-npmrc-"));
  const file = join(folder, "npmrc");
  const get = (key) => run("npm", ["config", "get", key], { cwd: root }).stdout.split("\n").at(-1);
  const certificates = get("cafile");
  const hasCertificates = certificates !== "null" && certificates !== "undefined";
  writeFileSync(
    file,
    [`registry=${get("registry")}`, ...(hasCertificates ? ["cafile=/etc/npm-ca.crt"] : [])].join("\n"),
  );
  const args = ["--volume", `${file}:/usr/local/etc/npmrc:ro`];
  if (hasCertificates) args.push("--volume", `${certificates}:/etc/npm-ca.crt:ro`);
  return { args, remove: () => rmSync(folder, { recursive: true }) };
}

function answers() {
  const printed = runImage([...LOCKED, IMAGE, "--version"]);
  if (printed !== version) throw new Error(`--version printed "${printed}", wanted "${version}"`);
  const script =
    "for (const name of ['bullmq', 'ioredis', 'hyparquet', 'hyparquet-writer', 'vitrail/server']) await import(name)";
  runImage([...LOCKED, "--entrypoint", "node", IMAGE, "--input-type=module", "--eval", script]);
  return printed;
}

function isLean() {
  const files = runImage([...LOCKED, "--entrypoint", "find", IMAGE, "/app", "-type", "f"]).split("\n");
  const unwanted = files.filter((file) =>
    /\.map$|\.test\.|\.testing\.|\/node_modules\/(typescript|vitest|tsup)\//.test(file),
  );
  if (files.length < 100 || unwanted.length > 0)
    throw new Error(`${files.length} files, among them ${unwanted.slice(0, 5)}`);
}

async function isHealthy() {
  const container = new Container([...LOCKED, ...model, ...photos, IMAGE, ...serve]);
  try {
    await container.saying(/^listening on/m);
    await eventually(() => container.isHealthy());
    const user = container.exec("id", "--user");
    if (user !== "1000") throw new Error(`It runs as user ${user}.`);
    container.exec("touch", "/cache/writable");
    const ask = `const body = fs.readFileSync("/photos/hopper.jpg");
      const ask = async (path) => (await fetch("http://127.0.0.1:8080" + path, { method: "POST", body, headers: { "content-type": "image/jpeg" } })).json();
      Promise.all([ask("/models/vit"), ask("/scaleflex")]).then((answers) => console.log(JSON.stringify(answers)));`;
    const [labels, { faces }] = JSON.parse(container.exec("node", "--eval", ask));
    if (!(labels[0].score > 0) || !faces.face_0) throw new Error(`It answered ${JSON.stringify([labels, faces])}.`);
  } finally {
    container.remove();
  }
}

function isUnhealthy() {
  const container = new Container([...LOCKED, "--entrypoint", "sleep", IMAGE, "60"]);
  try {
    if (container.isHealthy()) throw new Error("It says that it is healthy.");
  } finally {
    container.remove();
  }
}

async function drains() {
  const container = new Container([
    ...LOCKED.slice(0, -1),
    "host",
    ...model,
    ...photos,
    ...[IMAGE, "serve", "--port", "0", "--model", "vit=/models/vit"],
  ]);
  try {
    const [, url] = await container.saying(/listening on (\S+)/);
    const body = readFileSync(join(root, "conformance/photos/hopper.jpg"));
    const headers = { "content-type": "image/jpeg" };
    const begun = Array.from({ length: 40 }, () => fetch(`${url}/models/vit`, { method: "POST", body, headers }));
    await Promise.race(begun);
    container.terminate();
    const statuses = (await Promise.all(begun)).map(({ status }) => status);
    const code = await eventually(() => container.exitCode());
    // Those whose headers had not been read yet are refused, in a way that a balancer takes elsewhere.
    if (code !== 0 || !statuses.every((status) => status === 200 || status === 503))
      throw new Error(`exit code ${code}; ${statuses}`);
    return `${statuses.filter((status) => status === 200).length} of ${statuses.length} answered`;
  } finally {
    container.remove();
  }
}

async function stopsWhileLoading() {
  const sockets = new Set();
  const hub = createServer((socket) => sockets.add(socket)); // never answers
  await new Promise((resolve) => hub.listen(0, "127.0.0.1", resolve));
  const endpoint = `HF_ENDPOINT=http://127.0.0.1:${hub.address().port}`;
  const container = new Container(["--network", "host", "--env", endpoint, IMAGE, "serve", "--model", "a=owner/model"]);
  try {
    await eventually(() => sockets.size > 0);
    container.terminate();
    const code = await eventually(() => container.exitCode());
    if (code !== 0) throw new Error(`exit code ${code}: ${container.said()}`);
  } finally {
    container.remove();
    for (const socket of sockets) socket.destroy();
    hub.close();
  }
}

async function worksThroughQueue() {
  const folder = mkdtempSync(join(tmpdir(), "vitrail-queue-"));
  const photos = ["hopper.jpg", "coffee.png", "rocket.jpg"];
  for (const name of photos) cpSync(join(root, "conformance/photos", name), join(folder, name));
  const port = await freePort();
  const redis = spawn("redis-server", ["--port", port, "--bind", "127.0.0.1", "--save", ""], { stdio: "ignore" });
  const settings = [
    ...[...LOCKED.slice(0, -1), "host", "--user", `${process.getuid()}:${process.getgid()}`],
    ...[...model, "--volume", `${folder}:/data`, "--workdir", "/data"],
  ];
  const queue = ["--queue", `redis://127.0.0.1:${port}`];
  const worker = new Container([...settings, IMAGE, "worker", ...queue]);
  try {
    const batch = ["batch", "classify", "/models/vit", ".", "--out", "labels.parquet", ...queue];
    const said = runImage([...settings, IMAGE, ...batch]);
    if (!said.startsWith(`${photos.length} rows`)) throw new Error(`It said "${said}".`);
    if (readFileSync(join(folder, "labels.parquet")).toString("latin1", 0, 4) !== "PAR1") throw new Error("no Parquet");
    worker.terminate();
    const code = await eventually(() => worker.exitCode());
    if (code !== 0) throw new Error(`the worker's exit code is ${code}: ${worker.said()}`);
    return said;
  } finally {
    worker.remove();
    redis.kill();
    rmSync(folder, { recursive: true });
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return String(port);
}

async function scoresForAzure() {
  const tag = `${IMAGE}-azure-ml`;
  const folder = join(root, "tools/deploy/azure-ml");
  run("podman", ["build", "--quiet", "--format", "docker", "--build-arg", `IMAGE=${IMAGE}`, "--tag", tag, folder]);
  const mounted = `${join(root, "conformance/models/vit")}:/var/azureml-app/azureml-models/emotions/1/facial_emotions:ro`;
  const container = new Container([...LOCKED, "--volume", mounted, ...photos, tag]);
  try {
    await container.saying(/^listening on/m);
    await eventually(() => container.isHealthy());
    const ask = `const data = [fs.readFileSync("/photos/hopper.jpg", "base64")];
      fetch("http://127.0.0.1:8080/score", { method: "POST", body: JSON.stringify({ input_data: { columns: ["image"], data } }), headers: { "content-type": "application/json" } })
        .then((response) => response.text()).then(console.log);`;
    const answer = JSON.parse(container.exec("node", "--eval", ask));
    if (!Array.isArray(answer)) throw new Error(JSON.stringify(answer));
    const [{ probs, labels }] = answer;
    const sum = probs.reduce((total, each) => total + each, 0);
    if (labels.length !== probs.length || Math.abs(sum - 1) > 1e-5) throw new Error(`probabilities of ${sum}`);
  } finally {
    container.remove();
  }
}
