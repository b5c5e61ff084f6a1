// Loads a model as a process of its own, with the settings of its environment. Run by processes.test.ts, several at once.
import process from "node:process";
import { getModel } from "./get-model.js";

// As another user: for one who is root, no folder is closed.
if (process.argv[3] !== undefined) process.setuid!(Number(process.argv[3]));
try {
  const { folder } = await getModel(process.argv[2]!, {
    progress: ({ loaded }) => void process.stdout.write(`${loaded}\n`),
  });
  process.stdout.write(`done ${folder}\n`);
} catch (error) {
  process.stdout.write(`failed ${(error as { code?: string }).code} ${(error as Error).message}\n`);
}
