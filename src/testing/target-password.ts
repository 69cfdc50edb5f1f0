/** The target's password in tests: a canary that must never be found outside the proxy's memory. */
export const targetPassword = 'canary-of-the-target-5c1d20e7a94b';
