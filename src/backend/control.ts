/**
 * The first bytes of the engine's memory, through which the threads work together. Addresses in bytes; every field is a 32-bit word.
 *
 * `remaining` counts a dispatch's tasks down: taking one off it while it is above zero claims the task of that number. The dispatch ends when
 * `done` has reached its number of tasks, so whoever holds a claim can rely on `arguments`, and a thread that is late, asleep or not yet
 * started holds up nobody.
 */
export const control = {
  remaining: 0,
  done: 4,
  /** Goes up with each dispatch; threads without work sleep on it. */
  generation: 8,
  sleepers: 12,
  /** Number of the task function in the module's table. */
  task: 16,
  arguments: 64,
  /** One word a thread: 1 when it should end. */
  stop: 256,
  /** One word a thread: 1 from before it tries to claim a task until it has no task. */
  busy: 512,
  /** One word a thread: 1 when it has ended. */
  ended: 768,
  constants: 1024,
  /** Bytes in all. */
  end: 4096,
} as const;

/** Numbers of threads that there are words for. */
export const MOST_THREADS = 64;
