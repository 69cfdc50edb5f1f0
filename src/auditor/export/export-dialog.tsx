/** One file that proves itself, and the page that goes with it. */
import { Button, Group, Modal, Text } from '@mantine/core';
import { IconDownload, IconFileText, IconPrinter } from '@tabler/icons-react';
import { useState } from 'react';
import { createPortal } from 'react-dom';
import type { Me } from '../../contract/store/identity.ts';
import type { SessionSummary } from '../../contract/store/search.ts';
import { formatBytes } from '../../ui/format.ts';
import { styleNonce } from '../../ui/nonce.ts';
import { attempt, copyText } from '../notify.ts';
import { personText } from '../ui.tsx';
import { grouped } from '../verify/fingerprint.ts';
import type { TrustFile } from '../verify/trust-file.ts';
import type { Verification } from '../verify/use-verification.ts';
import { Cover, type CoverFacts, coverStyle } from './cover.tsx';
import classes from './export.module.css';
import { type ExportedFile, exportSrz, saveFile } from './save.ts';

async function saveCover(facts: CoverFacts): Promise<void> {
  const { renderToStaticMarkup } = await import('react-dom/server.browser');
  const body = renderToStaticMarkup(<Cover facts={facts} />);
  const title = `${facts.file.name}: cover page`;
  saveFile(`${facts.file.name}.cover.html`, `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title><style>body{margin:0;background:#f4f6f8}${coverStyle}</style></head><body>${body}</body></html>`, 'text/html;charset=utf-8');
}

/** Prints the cover alone: the style sheet hides everything else of the page meanwhile. */
function printCover(): void {
  document.body.dataset['print'] = 'cover';
  window.addEventListener('afterprint', () => delete document.body.dataset['print'], { once: true });
  window.print();
}

interface Props {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly summary: SessionSummary;
  readonly verification: Verification;
  readonly pinned: TrustFile | null | undefined;
  readonly me: Me;
}

export function ExportDialog({ opened, onClose, summary, verification: v, pinned, me }: Props) {
  const [file, setFile] = useState<ExportedFile>();
  const [busy, setBusy] = useState(false);
  const run = (): void => {
    setBusy(true);
    attempt('Export failed', async () => {
      try {
        setFile(await exportSrz(summary.session_id));
      } finally {
        setBusy(false);
      }
    });
  };
  const facts: CoverFacts | undefined =
    file === undefined
      ? undefined
      : { summary, file, verified: v.phase === 'done' ? { report: v.report, trust: v.trust } : undefined, pinned: pinned ?? undefined, exporter: personText(me.principal), exportedMs: file.atMs };
  return (
    <Modal opened={opened} onClose={onClose} title="Export as evidence" size={facts === undefined ? 'md' : 820} classNames={{ title: classes.title ?? '' }}>
      {facts === undefined ? (
        <>
          <Text size="sm" c="dimmed" mb="md">
            One <code>.srz</code> file with every record, signature and receipt. Whoever gets it verifies it offline with the organisation’s public keys. Sensitive values in it are masked. That you export it is recorded.
          </Text>
          <Button leftSection={<IconDownload size={16} aria-hidden />} loading={busy} onClick={run} data-autofocus>
            Export {summary.session_id.slice(0, 8)}….srz
          </Button>
        </>
      ) : (
        <>
          <div className={classes.done} role="status">
            <div>
              <b>{facts.file.name}</b>
              <span>{formatBytes(facts.file.bytes)}, saved by your browser</span>
            </div>
            <button type="button" className={classes.print} onClick={() => copyText(facts.file.sha256, 'SHA-256 copied')} aria-label="Copy the SHA-256 of the file">
              <span>SHA-256</span>
              {grouped(facts.file.sha256)}
            </button>
          </div>
          <Group gap="xs" my="md">
            <Button leftSection={<IconPrinter size={16} aria-hidden />} onClick={printCover}>
              Print cover page
            </Button>
            <Button variant="default" leftSection={<IconFileText size={16} aria-hidden />} onClick={() => attempt('Could not save the cover page', () => saveCover(facts))}>
              Save cover page
            </Button>
            <Button variant="subtle" loading={busy} onClick={run}>
              Export again
            </Button>
          </Group>
          <style nonce={styleNonce}>{coverStyle}</style>
          <div className={classes.preview} tabIndex={0} role="region" aria-label="Cover page">
            <Cover facts={facts} />
          </div>
          {createPortal(
            <div className={classes.paper} aria-hidden>
              <Cover facts={facts} />
            </div>,
            document.body,
          )}
        </>
      )}
    </Modal>
  );
}
