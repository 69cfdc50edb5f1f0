export const SIZES: Readonly<Record<'customers' | 'cards' | 'products' | 'orders' | 'tickets' | 'employees', number>>;
export function shopRows(): [table: string, rows: Record<string, string | number | null>[]][];
