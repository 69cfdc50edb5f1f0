/** The mark: a gate in a wall, seen from inside. */
export function Mark({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden>
      <rect x="1" y="1" width="30" height="30" rx="8" fill="var(--sp-accent)" />
      <path d="M8 25V14.5a8 8 0 0 1 16 0V25" fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" />
      <path d="M13 25v-9.5a3 3 0 0 1 6 0V25" fill="#fff" />
      <path d="M6.5 25.2h19" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" />
    </svg>
  );
}
