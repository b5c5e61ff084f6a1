import { readdirSync, readFileSync } from "node:fs";
import { VitrailError } from "../../../src/errors.js";
import { decodeImage } from "../../../src/images/decode-image.js";
import { packageFile } from "../../../src/tasks/package-file.js";
import { Client, closedLoop, type Outcome } from "../client.js";
import { modelFolder, photo } from "../pictures.js";
import { ServerProcess } from "../server-process.js";
import { bound, type Findings, type SoakBuild } from "../soak-build.js";

const STATUS: Record<string, number> = {
  "image/empty": 400,
  "image/too-large": 413,
  "image/unsupported-format": 415,
  "image/unsupported": 415,
  "image/truncated": 422,
  "image/corrupt": 422,
};
const MAX_PIXELS = 25_000_000;
const AT_A_TIME = 8;

/** S10 and S11: every odd and broken picture of the corpora, each followed by a good one. */
export async function corpora(build: SoakBuild, { poisonTimes }: { poisonTimes: number }): Promise<Findings> {
  const files = ["conformance/corpus/images/", "conformance/photos/"].flatMap((folder) =>
    readdirSync(packageFile(folder)).map((name) => ({ name, bytes: readFileSync(packageFile(folder + name)) })),
  );
  const poison = readdirSync(packageFile("conformance/corpus/poison/"), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => ({ name, bytes: readFileSync(packageFile(`conformance/corpus/poison/${name}`)) }));
  const server = await ServerProcess.start(build.cli, ["--model", `m=${modelFolder("vit")}`]);
  const client = new Client(server.url, AT_A_TIME);
  try {
    const send = (body: Uint8Array) => client.send({ path: "/models/m", body, type: "application/octet-stream" });
    const { body: right } = await send(photo);
    let otherVerdicts = 0;
    let goodChanged = 0;
    let slowestBomb = 0;
    let growthMb = 0;
    const wrongNames: string[] = [];
    for (const { name, bytes } of [...files, ...poison]) {
      const before = server.residentMb();
      const outcome = await send(bytes);
      growthMb = Math.max(growthMb, server.residentMb() - before);
      if (name.startsWith("bomb")) slowestBomb = Math.max(slowestBomb, outcome.ms);
      if (outcome.status !== (await wantedStatus(bytes))) {
        otherVerdicts++;
        wrongNames.push(`${name} ${outcome.status}`);
      }
      if (!isGood(await send(photo), right)) goodChanged++;
    }
    await closedLoop(poisonTimes * poison.length, AT_A_TIME, async (index) => {
      await send(poison[index % poison.length]!.bytes);
      if (index % 100 === 0 && !isGood(await send(photo), right)) goodChanged++;
    });
    return {
      id: "S10, S11",
      title: `${files.length + poison.length} odd and broken pictures, poison ${poisonTimes} times more`,
      figures: [
        bound(`verdicts other than the decoder's ${wrongNames.join(", ")}`.trim(), otherVerdicts, "=", 0),
        bound("good pictures that were answered differently afterwards", goodChanged, "=", 0),
        bound("slowest refusal of a bomb", slowestBomb, "<=", 100, "ms"),
        bound("greatest growth of resident memory by one picture", growthMb, "<=", 300, "MB"),
      ],
    };
  } finally {
    client.close();
    await server.stop();
  }
}

async function wantedStatus(bytes: Uint8Array): Promise<number> {
  try {
    await decodeImage(bytes, { maxPixels: MAX_PIXELS });
    return 200;
  } catch (error) {
    return error instanceof VitrailError ? STATUS[error.code]! : 0;
  }
}

const isGood = ({ status, body }: Outcome, right: string) => status === 200 && body === right;
