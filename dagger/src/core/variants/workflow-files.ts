import { USER_FOLDERS } from "./runner-user.js"

/**
 * Settings without which a workflow's steps do not work as on Ubuntu's hosted runners. They are where a file that somebody mounts or that
 * a definition adds takes nothing away: pip reads `/etc/pip.conf` as well.
 */

/**
 * The distribution marks its Python so that pip installs nothing there. In a step that is an error without a use: without root, pip installs
 * into the user's own folder anyway, and a container is thrown away. Virtual environments do not read the setting.
 */
const PIP_CONFIGURATION = `[global]
break-system-packages = true
`

/**
 * What npm installs globally goes into a folder of the user's, by the user's HOME. Only the image's Node.js reads this file: another one, as
 * setup-node installs it, has a folder of its own.
 */
const NPM_CONFIGURATION = `prefix=\${HOME}/${USER_FOLDERS.npm}
`

/** Debian's sets PATH anew: a login shell would lose what the image, the container and earlier steps have put there. */
function profile(path: string): string {
  return `# For login shells. PATH stays as it is.
if [ -z "\${PATH-}" ]; then
  PATH=${path}
fi
export PATH

if [ -n "\${BASH_VERSION-}" ] && [ -n "\${PS1-}" ] && [ -r /etc/bash.bashrc ]; then
  . /etc/bash.bashrc
fi

for script in /etc/profile.d/*.sh; do
  if [ -r "$script" ]; then
    . "$script"
  fi
done
unset script
`
}

/** @param path the image's PATH, for shells that are started without one */
export function workflowFiles(path: string): { path: string; mode: string; text: string }[] {
  return [
    { path: "/etc/profile", mode: "0644", text: profile(path) },
    { path: "/etc/xdg/pip/pip.conf", mode: "0644", text: PIP_CONFIGURATION },
    { path: "/usr/local/etc/npmrc", mode: "0644", text: NPM_CONFIGURATION },
  ]
}
