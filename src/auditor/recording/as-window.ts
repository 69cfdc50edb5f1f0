/** xterm's model of a screen, which needs no window, asks one whether it knows idle times: a worker answers for itself. */
Object.assign(globalThis, { window: globalThis });
