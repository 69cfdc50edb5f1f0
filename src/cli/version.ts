/** The version that package.json names; in recordings as `proxy_build`. */
import manifest from '../../package.json' with { type: 'json' };

export const version = `sallyport ${manifest.version}`;
/** Without the name: what bundles ask for. */
export const versionNumber: string = manifest.version;
