/** Runs one piece of work after another. */
export type Queue = <Result>(work: () => Promise<Result>, signal?: AbortSignal) => Promise<Result>;

/**
 * A queue whose work starts when all that was let in before has ended.
 *
 * It throws what `work` throws; `signal.reason` when aborted before its turn.
 */
export function queue(): Queue {
  /** Settles when the last call that was let in has ended. */
  let tail: Promise<unknown> = Promise.resolve();
  return (work, signal) => {
    const turn = tail.then(() => {
      signal?.throwIfAborted();
      return work();
    });
    tail = turn.catch(() => {}); // a failure is the caller's; the queue goes on
    return turn;
  };
}

/**
 * Runs one inference after another. TF.js keeps its scopes in one global stack, so two forward passes whose steps interleave
 * would dispose each other's tensors.
 *
 * @throws what `work` throws; `signal.reason` when aborted before its turn
 */
export const exclusive: Queue = queue();
