/** Puts the fake in place before the renderer's entry runs (module scripts run in order). */
import { createFakeSallyport } from './fake-sallyport.ts';

const page = globalThis as unknown as { readonly location: { readonly search: string } };
Object.defineProperty(globalThis, 'sallyport', { value: createFakeSallyport(page.location.search) });
