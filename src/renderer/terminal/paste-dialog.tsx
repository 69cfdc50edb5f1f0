/** Several lines, or hidden characters, on the clipboard: a look at them before a shell gets them. */
import { Button, Group, Modal, Text } from '@mantine/core';
import { useState } from 'react';
import { plural } from '../../ui/format.ts';
import { useStore } from '../../ui/store.ts';
import classes from './terminal.module.css';
import { terminals } from './terminal-store.ts';

const SHOWN = 4_000;

export function PasteDialog() {
  const { paste: asked } = useStore(terminals);
  // While the dialog fades away it goes on to say what it said.
  const [said, setSaid] = useState(asked);
  if (asked !== undefined && asked !== said) setSaid(asked);
  const close = () => terminals.set((s) => ({ ...s, paste: undefined }));
  const paste = said?.paste;
  return (
    <Modal opened={asked !== undefined} onClose={close} title={`Paste ${plural(paste?.lines ?? 0, 'line')} into ${said?.connection ?? ''}?`} size="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Text size="sm" mb="xs">
        {said?.bracketed === true ? 'The shell takes it as one piece and waits for Enter.' : 'Each line end runs what stands before it, at once.'}
        {paste !== undefined && paste.removed > 0 && ` ${plural(paste.removed, 'control character')} on the clipboard will not be sent.`}
      </Text>
      <pre className={classes.pasted} tabIndex={0} aria-label="What would be pasted">
        {paste?.text.slice(0, SHOWN)}
        {(paste?.text.length ?? 0) > SHOWN && '\n…'}
      </pre>
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button
          data-autofocus
          onClick={() => {
            close();
            asked?.go();
          }}
        >
          Paste
        </Button>
      </Group>
    </Modal>
  );
}
