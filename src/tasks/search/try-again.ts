import { SearchError } from "../../errors.js";

const WAITS_MS = [100, 400, 1600];

/** What a server's refusal was. */
export interface Refusal {
  /** The server's own code for it. */
  code: string | number | undefined;
  message: string;
  /** Whether a second try may mend it: a lost connection, a server that starts, a deadlock. */
  isPassing: boolean;
}

/**
 * Asks a server, and asks again where its refusal may pass. What is asked must do no harm when it is done twice.
 *
 * @param server its name, and `advice` what to look at, for people
 * @throws SearchError `search/server`
 */
export async function tryAgain<Result>(
  ask: () => Promise<Result>,
  refusalOf: (cause: unknown) => Refusal,
  { server, advice }: { server: string; advice: string },
): Promise<Result> {
  for (let tries = 0; ; tries++) {
    try {
      return await ask();
    } catch (cause) {
      const { code, message, isPassing } = refusalOf(cause);
      const wait = WAITS_MS[tries];
      if (wait === undefined || !isPassing)
        throw new SearchError("search/server", `${server} refused (${code ?? "no code"}): ${message}. ${advice}`, {
          cause,
          details: { code, tries: tries + 1 },
        });
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}
