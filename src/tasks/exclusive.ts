/** The end of the queue: settles when the last call that was let in has ended. */
let tail: Promise<unknown> = Promise.resolve();

/**
 * Runs one inference after another. TF.js keeps its scopes in one global stack, so two forward passes whose steps interleave
 * would dispose each other's tensors.
 *
 * @throws what `work` throws; `signal.reason` when aborted before its turn
 */
export function exclusive<Result>(work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
  const turn = tail.then(() => {
    signal?.throwIfAborted();
    return work();
  });
  tail = turn.catch(() => {}); // a failure is the caller's; the queue goes on
  return turn;
}
