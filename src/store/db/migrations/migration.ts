/** One step of the schema. A shipped step never changes; a new one gets the next number and a file of its own. */
export interface Migration {
  readonly id: number;
  readonly name: string;
  readonly sql: string;
}
