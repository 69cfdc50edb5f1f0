/** Waits for what happens on its own, by looking again. */

const LOOK_AGAIN_MS = 25;
const GIVE_UP_MS = 90_000;

/** Resolves when `check` no longer throws; after a minute and a half, or another time, it rejects with what `check` threw last. */
export async function eventually<T>(check: () => T | Promise<T>, giveUpMs = GIVE_UP_MS): Promise<T> {
  const until = Date.now() + giveUpMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  }
}
