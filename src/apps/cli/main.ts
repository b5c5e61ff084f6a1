#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { configureEngine } from "../../backend/configure-engine.js";
import { packageFile } from "../../tasks/package-file.js";
import { runCli } from "./program.js";
import { processTerminal } from "./terminal.js";

const argv = process.argv.slice(2);
const { version } = JSON.parse(readFileSync(packageFile("package.json"), "utf8")) as { version: string };
// A flag of V8 that holds for the whole process, which here is ours; the engine proves that it computes right with it.
if (process.env.VITRAIL_REVECTORIZE !== "0") configureEngine({ vectors: "paired" });
process.exitCode = await runCli(argv, processTerminal({ quiet: argv.includes("--quiet") }), version);
