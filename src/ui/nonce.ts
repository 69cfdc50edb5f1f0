/** The nonce of this page's Content-Security-Policy; whoever serves the page writes it into index.html. */
export const styleNonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';
