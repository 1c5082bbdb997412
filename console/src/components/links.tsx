/** Mantine's links as links of the router, which knows their addresses and parameters. */
import { Anchor, Button } from '@mantine/core';
import { createLink } from '@tanstack/react-router';

export const AnchorLink = createLink(Anchor<'a'>);
export const ButtonLink = createLink(Button<'a'>);
