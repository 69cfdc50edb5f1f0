/** First OID that PostgreSQL gives to objects that people or extensions make (FirstNormalObjectId). */
export const FIRST_USER_OID = 16_384;
