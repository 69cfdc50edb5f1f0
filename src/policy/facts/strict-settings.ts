/** Settings of which one value only puts back the protection that others take away: drivers and tools set it when they connect. */

/** Settings whose value of that kind takes no protection away. */
const STRICT: Readonly<Record<string, RegExp>> = {
  standard_conforming_strings: /^(on|true|yes|1)$/i,
  row_security: /^(on|true|yes|1)$/i,
  escape_string_warning: /^(on|true|yes|1)$/i,
  check_function_bodies: /^(on|true|yes|1)$/i,
  event_triggers: /^(on|true|yes|1)$/i,
  backslash_quote: /^safe_encoding$/i,
  password_encryption: /^scram-sha-256$/i,
  transform_null_equals: /^(off|false|no|0)$/i,
};

/** True for a value that the strictest reading of the setting asks for anyway. */
export const isStrict = (setting: string, value: string | undefined): boolean => value !== undefined && (STRICT[setting]?.test(value) ?? false);

/** True for a setting that may go back to what the session began with: that was decided then. */
export const mayReturn = (setting: string): boolean => STRICT[setting] !== undefined;
