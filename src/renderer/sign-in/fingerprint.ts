/** `dev_` and 32 hex digits as two lines of four groups, for two people to compare aloud. Anything else stays as it is. */
export function groupedId(deviceId: string): string {
  const hex = /^dev_([0-9a-f]{32})$/.exec(deviceId)?.[1];
  if (hex === undefined) return deviceId;
  const groups = hex.match(/.{4}/g) ?? [];
  return `${groups.slice(0, 4).join(' ')}\n${groups.slice(4).join(' ')}`;
}
