/**
 * The page's policy forbids making code from text, and the schema library would try it once and be refused, which the
 * browser reports. Imported before anything that makes a schema.
 */
import { z } from 'zod';

z.config({ jitless: true });
