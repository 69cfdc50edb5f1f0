/** The nonce of this page's Content-Security-Policy; main's protocol handler writes it into index.html. */
export const styleNonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';
