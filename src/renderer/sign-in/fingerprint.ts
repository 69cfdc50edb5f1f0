/** `dev_` and 32 hex digits as groups of four, for two people to compare aloud. Anything else stays as it is. */
export function groupedId(deviceId: string): string {
  const hex = /^dev_([0-9a-f]{32})$/.exec(deviceId)?.[1];
  return hex === undefined ? deviceId : (hex.match(/.{4}/g) ?? []).join(' ');
}
