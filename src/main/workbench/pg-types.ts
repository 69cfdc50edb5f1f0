/** Names of the built-in types by OID, as format_type prints them. Others are shown by number. */

const NAMES: Readonly<Record<number, string>> = {
  16: 'boolean', 17: 'bytea', 18: '"char"', 19: 'name', 20: 'bigint', 21: 'smallint', 22: 'int2vector', 23: 'integer', 24: 'regproc', 25: 'text', 26: 'oid', 27: 'tid', 28: 'xid', 29: 'cid',
  114: 'json', 142: 'xml', 600: 'point', 601: 'lseg', 602: 'path', 603: 'box', 604: 'polygon', 628: 'line', 650: 'cidr', 700: 'real', 701: 'double precision', 718: 'circle', 790: 'money', 829: 'macaddr', 869: 'inet',
  1000: 'boolean[]', 1005: 'smallint[]', 1007: 'integer[]', 1009: 'text[]', 1015: 'character varying[]', 1016: 'bigint[]', 1021: 'real[]', 1022: 'double precision[]', 1231: 'numeric[]', 2951: 'uuid[]', 3807: 'jsonb[]', 199: 'json[]',
  1042: 'character', 1043: 'character varying', 1082: 'date', 1083: 'time without time zone', 1114: 'timestamp without time zone', 1184: 'timestamp with time zone', 1186: 'interval', 1266: 'time with time zone',
  1560: 'bit', 1562: 'bit varying', 1700: 'numeric', 2205: 'regclass', 2206: 'regtype', 2249: 'record', 2278: 'void', 2950: 'uuid', 3614: 'tsvector', 3615: 'tsquery', 3802: 'jsonb', 3904: 'int4range', 3908: 'tsrange', 3910: 'tstzrange', 3912: 'daterange', 3926: 'int8range',
};

/** Type modifiers of char, varchar and bit are lengths; of char and varchar with the 4 bytes of the header. */
function modifier(oid: number, typmod: number): string {
  if (typmod < 0) return '';
  switch (oid) {
    case 1042:
    case 1043:
      return `(${typmod - 4})`;
    case 1560:
    case 1562:
      return `(${typmod})`;
    case 1700:
      return `(${(typmod - 4) >> 16},${(typmod - 4) & 0x7ff})`;
    default:
      return '';
  }
}

/** @example typeName(1043, 44) // 'character varying(40)' */
export function typeName(oid: number, typmod = -1): string {
  const name = NAMES[oid];
  return name === undefined ? `type ${oid}` : `${name}${modifier(oid, typmod)}`;
}
