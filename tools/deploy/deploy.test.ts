import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { workerCommand } from "../../src/apps/cli/batch/worker.js";
import { pullCommand } from "../../src/apps/cli/hub/pull.js";
import { serveCommand } from "../../src/apps/cli/serve.js";
import { testServer, withThreads } from "../../src/apps/server/server.testing.js";
import { checkServerOptions } from "../../src/apps/server/server-options.js";
import { loadModel } from "../../src/tasks/load-model.js";
import { tinyModel } from "../../src/tasks/model-folder.testing.js";

const root = join(import.meta.dirname, "../..");
const judges = join(root, ".cache/deploy/python/bin");
const without = existsSync(judges) ? "" : " (skipped: nothing to judge them with; node tools/deploy/install.mjs)";
const text = (file: string) => readFileSync(join(import.meta.dirname, file), "utf8");
const packageJson = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const { queue, deadlineMs, drainMs } = checkServerOptions({ models: { any: "model" } });

const MANIFESTS = readdirSync(join(import.meta.dirname, "kubernetes"))
  .filter((file) => file !== "kustomization.yaml")
  .map((file) => `kubernetes/${file}`);
/** What a person sets before `docker compose up`. */
const VARIABLES = { VITRAIL_API_KEYS: "a-key-for-tests" };
const PROFILES = ["--profile", "batch", "--profile", "search"];

/** What a judge says of files of this folder. */
function judge(name: string, args: string[], variables: Record<string, string> = {}) {
  const { VITRAIL_API_KEYS: _, ...environment } = process.env;
  const options = { cwd: import.meta.dirname, encoding: "utf8", env: { ...environment, ...variables } } as const;
  const { status, stdout, stderr } = spawnSync(join(judges, name), args, options);
  return { status, stdout, stderr };
}

// biome-ignore lint/suspicious/noExplicitAny: YAML has no types; what is missing fails the test
type Yaml = any;
const READ_YAML = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))";
const parse = (yaml: string): Yaml[] =>
  JSON.parse(execFileSync(join(judges, "python"), ["-c", READ_YAML], { input: yaml, encoding: "utf8" }));

/** Read once: Azure's packages take seconds to load. */
let readAzure: Yaml;
const azure = (): Yaml => {
  const args = [join(import.meta.dirname, "load_azure_ml.py"), "azure-ml/endpoint.yml", "azure-ml/deployment.yml"];
  readAzure ??= JSON.parse(execFileSync(join(judges, "python"), args, { cwd: import.meta.dirname, encoding: "utf8" }));
  return readAzure;
};
const compose = (): Yaml => parse(judge("podman-compose", [...PROFILES, "config"], VARIABLES).stdout)[0].services;
const kubernetes = (): Yaml[] => MANIFESTS.flatMap((file) => parse(text(file)));
const ofKind = (kind: string): Yaml => kubernetes().find((object) => object.kind === kind);
/** The words of an instruction in exec form. */
const words = (file: string, instruction: string): string[] =>
  JSON.parse(new RegExp(`^${instruction} (\\[.*\\])$`, "m").exec(text(file))![1]!);

const COMMANDS: Record<string, (run: () => Promise<void>) => Command> = {
  serve: serveCommand,
  pull: pullCommand,
  worker: workerCommand,
};

/** Fails where the command line does not know the words. Runs nothing. */
async function expectCommand([name, ...args]: string[]): Promise<void> {
  let isTaken = false;
  const run = async () => {
    isTaken = true;
  };
  await COMMANDS[name!]!(run).exitOverride().parseAsync(args, { from: "user" });
  expect(isTaken).toBe(true);
}

describe(`the Dockerfile`, () => {
  it("takes along packages that are optional in the package, in versions that the tests run with", () => {
    const names = /for name in (.*); do/.exec(text("Dockerfile"))![1]!.split(" ");
    for (const name of names) {
      expect(packageJson.peerDependenciesMeta[name]).toEqual({ optional: true });
      expect(packageJson.devDependencies[name]).toBeTypeOf("string");
    }
  });

  it("starts what the command line knows", async () => {
    expect(words("Dockerfile", "ENTRYPOINT")).toEqual(["node", `/app/${packageJson.bin.vitrail.slice(2)}`]);
    await expectCommand(words("Dockerfile", "CMD"));
    await expectCommand(words("azure-ml/Dockerfile", "CMD"));
  });

  it("exposes and asks the port that the server takes by default", () => {
    const port = serveCommand(async () => {}).opts().port;
    expect(text("Dockerfile")).toContain(`EXPOSE ${port}\n`);
    expect(words("Dockerfile", "CMD").join(" ")).not.toContain("--port");
    expect(text("Dockerfile")).toContain(`http://127.0.0.1:${port}/health/live`);
  });
});

describe.skipIf(without !== "")(`files for deploying${without}`, () => {
  it.each(["Dockerfile", "azure-ml/Dockerfile"])("%s has nothing that hadolint complains about", (file) => {
    expect(judge("hadolint", ["--failure-threshold", "style", file])).toMatchObject({ status: 0, stdout: "" });
  });

  it.each(MANIFESTS)("%s is what Kubernetes takes, without a field that it does not know", (file) => {
    expect(judge("kubernetes-validate", ["--strict", "--quiet", file])).toMatchObject({ status: 0, stdout: "" });
  });

  it("compose.yaml is what compose takes, with every variable explained in docs/deploy.md", () => {
    const args = ["--builtin-schema", "vendor.compose-spec", "compose.yaml"];
    expect(judge("check-jsonschema", args)).toMatchObject({ status: 0 });
    const names = new Set([...text("compose.yaml").matchAll(/\$\{(\w+)/g)].map(([, name]) => name!));
    const documented = readFileSync(join(root, "docs/deploy.md"), "utf8");
    expect([...names].filter((name) => !documented.includes(`| \`${name}\` |`))).toEqual([]);
  });

  it("compose.yaml starts nothing without keys", () => {
    const { status, stderr } = judge("podman-compose", ["config"]);
    expect(status).not.toBe(0);
    expect(stderr).toContain("VITRAIL_API_KEYS");
  });

  it("what is started are commands that the command line knows, with models that were fetched", async () => {
    const { initContainers, containers } = ofKind("Deployment").spec.template.spec;
    const [fetched, served] = [initContainers[0].args, containers[0].args];
    const { server, worker } = compose();
    for (const { command } of [server, worker]) await expectCommand(command);
    await expectCommand(fetched);
    await expectCommand(served.map((word: string) => word.replace("$(PROCESSORS)", "2")));
    const models = served.filter((word: string) => word.includes("/")).map((word: string) => word.split("=")[1]);
    expect(new Set(models)).toEqual(new Set([fetched[1]]));
  });

  it("every variable that is set is one that the source reads, or that an argument does", () => {
    const source = readdirSync(join(root, "src"), { recursive: true })
      .map(String)
      .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
      .map((file) => readFileSync(join(root, "src", file), "utf8"))
      .join("\n");
    const { initContainers, containers } = ofKind("Deployment").spec.template.spec;
    const { server, worker } = compose();
    const set = [
      ...[...text("Dockerfile").matchAll(/^ENV (\w+)=/gm)].map(([, name]) => name!),
      ...[server, worker].flatMap(({ environment }) => Object.keys(environment)),
      ...[...initContainers, ...containers].flatMap(({ env, args }: Yaml) =>
        env.map(({ name }: Yaml) => name).filter((name: string) => !args.join().includes(`$(${name})`)),
      ),
    ];
    expect(set.length).toBeGreaterThan(5);
    expect(set.filter((name) => !source.includes(`"${name}"`))).toEqual([]);
  });

  it("ports agree, from the server's own to the service's, Azure's and that of compose", () => {
    const port = serveCommand(async () => {}).opts().port;
    const [server] = ofKind("Deployment").spec.template.spec.containers;
    expect(server.ports).toEqual([{ name: "http", containerPort: port }]);
    for (const probe of ["livenessProbe", "readinessProbe"]) expect(server[probe].httpGet.port).toBe("http");
    expect(ofKind("Service").spec.ports[0].targetPort).toBe("http");
    expect(ofKind("NetworkPolicy").spec.ingress[0].ports[0].port).toBe("http");
    expect(compose().server.ports).toEqual([`127.0.0.1:${port}:${port}`]);
    for (const route of Object.values<Yaml>(azure().routes)) expect(route.port).toBe(port);
  });

  it("whoever stops the server gives it longer than it gives itself", () => {
    const { terminationGracePeriodSeconds: grace, containers } = ofKind("Deployment").spec.template.spec;
    expect(grace).toBeGreaterThan(containers[0].lifecycle.preStop.sleep.seconds + drainMs / 1000);
    expect(Number.parseInt(compose().server.stop_grace_period, 10)).toBeGreaterThan(drainMs / 1000);
  });

  it("no container may be root, write outside of its volumes, or gain rights", () => {
    const { securityContext, initContainers, containers } = ofKind("Deployment").spec.template.spec;
    expect(securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
    expect(text("Dockerfile")).toContain("\nUSER 1000:1000\n");
    for (const container of [...initContainers, ...containers])
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    const { server, worker } = compose();
    for (const service of [server, worker]) expect(service).toMatchObject({ read_only: true, cap_drop: ["ALL"] });
  });

  it("the kustomization names every file and every image of ours", () => {
    const [{ resources, images }] = parse(text("kubernetes/kustomization.yaml"));
    expect(resources.map((file: string) => `kubernetes/${file}`).sort()).toEqual(MANIFESTS.sort());
    const { initContainers, containers } = ofKind("Deployment").spec.template.spec;
    const used = [...initContainers, ...containers].map(({ image }) => image);
    expect(new Set(used)).toEqual(new Set(images.map(({ name }: Yaml) => name)));
    expect(images[0].newTag).toBe(packageJson.version);
  });

  it("Azure is asked for as many pictures at once and for as long as the server works on, where the model lies", () => {
    const { endpoint, deploysTo, model, concurrency, timeoutMs } = azure();
    expect({ deploysTo, concurrency, timeoutMs }).toEqual({
      deploysTo: endpoint,
      concurrency: queue,
      timeoutMs: deadlineMs,
    });
    const path = `/var/azureml-app/azureml-models/${model.name}/${model.version}/${model.folder}`;
    expect(words("azure-ml/Dockerfile", "CMD")).toContain(`emotions=${path}`);
  });
});

describe.skipIf(without !== "")(`routes that are asked from outside${without}`, () => {
  withThreads();

  it("are routes of the server", async () => {
    await using model = await loadModel(tinyModel("vit"));
    await using server = await testServer({ models: { emotions: model } });
    const { paths } = await (await server.fetch(new Request("http://localhost/openapi.json"))).json();
    const { scoring_route, liveness_route, readiness_route } = azure().routes;
    expect(paths[scoring_route.path]).toHaveProperty("post");
    const [container] = ofKind("Deployment").spec.template.spec.containers;
    const probes = ["livenessProbe", "readinessProbe"].map((probe) => container[probe].httpGet.path);
    for (const path of [liveness_route.path, readiness_route.path, ...probes]) {
      expect(paths[path]).toHaveProperty("get");
      expect((await server.fetch(new Request(`http://localhost${path}`))).status).toBe(200);
    }
  });
});
