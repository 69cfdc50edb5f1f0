/** First OID that PostgreSQL gives to objects of users (FirstNormalObjectId). */
export const FIRST_USER_OID = 16_384;
