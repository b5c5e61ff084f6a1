import { InputError } from "../../errors.js";

/** What the Hub calls a commit: all of git's SHA-1. */
export const COMMIT = /^[0-9a-f]{40}$/;

/** One half of an id, by the Hub's rule (`validate_repo_id` of huggingface_hub). */
const ID_PART = /^(?!.*(?:--|\.\.))(?!.*\.git$)[\w](?:[\w.-]{0,94}\w)?$/;
/** Names of git that are also safe as paths on every system. */
const REVISION = /^(?!.*(?:\.\.|\/\/|\/\.))\w[\w.+@/-]{0,199}(?<![/.])$/;

/** Whether a name has the form `owner/name`. */
export function isModelId(name: string): boolean {
  const parts = name.split("/");
  return parts.length === 2 && parts.every((part) => ID_PART.test(part));
}

/** @throws InputError `input/model-id` */
export function checkModelId(id: unknown): asserts id is string {
  if (typeof id === "string" && isModelId(id)) return;
  throw new InputError(
    "input/model-id",
    `${typeof id === "string" ? JSON.stringify(id.slice(0, 200)) : typeof id} is no id of a model; wanted "owner/name", as in the address of its page.`,
    { details: { id } },
  );
}

/**
 * @param revision a branch, a tag, `refs/pr/N` or a commit
 * @throws InputError `input/revision`
 */
export function checkRevision(revision: unknown): asserts revision is string {
  if (typeof revision === "string" && REVISION.test(revision) && !revision.endsWith(".lock")) return;
  throw new InputError(
    "input/revision",
    `${typeof revision === "string" ? JSON.stringify(revision.slice(0, 200)) : typeof revision} is no revision; wanted a branch, a tag, "refs/pr/1" or a commit.`,
    { details: { revision } },
  );
}
