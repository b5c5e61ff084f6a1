import { readFile } from "node:fs/promises";
import { downloadError } from "./download-error.js";
import type { HubSettings } from "./hub-settings.js";

/**
 * The token that requests carry: the given one, else `HF_TOKEN`, else the file that `hf auth login` writes.
 *
 * @param token `false`: none, whatever the environment says
 * @throws DownloadError `download/setting` for a token that can't stand in a header; the message does not repeat it
 */
export async function readToken(
  token: string | false | undefined,
  { environmentToken, tokenPath }: Pick<HubSettings, "environmentToken" | "tokenPath">,
): Promise<string | undefined> {
  if (token === false) return undefined;
  const stored = async () => tokenPath && (await readFile(tokenPath, "utf8").catch(() => undefined));
  const found = (token ?? environmentToken ?? (await stored()))?.trim();
  if (!found) return undefined;
  if (/^[!-~]+$/.test(found)) return found;
  throw downloadError(
    "download/setting",
    "The token for the Hub has characters that no token has. Copy it again from https://huggingface.co/settings/tokens.",
  );
}
