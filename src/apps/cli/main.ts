#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { packageFile } from "../../tasks/package-file.js";
import { keepCompiledCode } from "./keep-compiled-code.js";

keepCompiledCode();
// After that, so that it holds for what these import.
const { configureEngine } = await import("../../backend/configure-engine.js");
const { runCli } = await import("./program.js");
const { processTerminal } = await import("./terminal.js");

const argv = process.argv.slice(2);
const { version } = JSON.parse(readFileSync(packageFile("package.json"), "utf8")) as { version: string };
// A flag of V8 that holds for the whole process, which here is ours; the engine proves that it computes right with it.
if (process.env.VITRAIL_REVECTORIZE !== "0") configureEngine({ vectors: "paired" });
process.exitCode = await runCli(argv, processTerminal({ quiet: argv.includes("--quiet") }), version);
