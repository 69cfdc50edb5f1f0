/** Programs whose name says what they touch: disks, power, accounts, packages, the network. */
import type { Handler } from '../run.ts';
import { each } from '../spec.ts';

/** Units of systemd that end what runs. */
export const POWER_TARGET = /^(reboot|poweroff|halt|kexec|shutdown|rescue|emergency|suspend|hibernate|hybrid-sleep|suspend-then-hibernate|soft-reboot|exit|ctrl-alt-del|runlevel[016]|systemd-(reboot|poweroff|halt|kexec|suspend|hibernate|soft-reboot))(\.target|\.service)?$/;

export const SYSTEM: Readonly<Record<string, Handler>> = {
  ...each('mkfs mke2fs mkfs.ext2 mkfs.ext3 mkfs.ext4 mkfs.xfs mkfs.btrfs mkfs.vfat mkfs.fat mkfs.ntfs mkfs.f2fs mkfs.minix mkdosfs mkswap fdisk sfdisk cfdisk gdisk sgdisk parted partprobe wipefs blkdiscard hdparm sdparm cryptsetup mdadm dmsetup lvcreate lvremove lvresize lvextend lvreduce lvchange vgcreate vgremove vgchange vgextend vgreduce pvcreate pvremove pvmove pvresize tune2fs resize2fs e2fsck fsck fsck.ext4 xfs_repair xfs_growfs btrfs zfs zpool debugfs badblocks nvme ddrescue fstrim losetup multipath swapon swapoff', { touches: ['disk'], operands: 'ignore' }),
  ...each('shutdown reboot poweroff halt init telinit kexec rtcwake pm-suspend pm-hibernate systemd-sleep', { touches: ['power'], operands: 'ignore' }),
  ...each('kill killall killall5 pkill skill snice xkill renice fuser', { touches: ['process'], operands: 'ignore' }),
  ...each('useradd userdel usermod adduser deluser addgroup delgroup groupadd groupdel groupmod passwd chpasswd chgpasswd gpasswd chage chsh chfn vipw vigr visudo newusers pwconv pwunconv grpconv pwck grpck faillock pam_tally2 ssh-copy-id newgrp sg authconfig authselect realm', { touches: ['users'], operands: 'ignore' }),
  ...each('iptables ip6tables iptables-restore ip6tables-restore iptables-legacy nft ufw firewall-cmd ipset ebtables arptables pfctl tc brctl bridge ifup ifdown ifconfig route arp nmcli nmtui wg wg-quick iwconfig ethtool hostnamectl networkctl resolvectl dhclient dhcpcd vconfig nmap', { touches: ['network-config'], operands: 'ignore' }),
  ...each('insmod rmmod modprobe depmod kmod update-initramfs dracut mkinitrd update-grub grub-install grub-mkconfig grub2-mkconfig grub-set-default efibootmgr kernelstub bpftool setpci', { touches: ['kernel'], operands: 'ignore' }),
  ...each('umount fusermount sshfs mount.nfs mount.cifs cryptmount udisksctl', { touches: ['mount'], operands: 'ignore' }),
  ...each('service rc-service rc-update update-rc.d chkconfig initctl start stop restart supervisorctl pm2 sv s6-svc monit invoke-rc.d launchctl apache2 apachectl apache2ctl nginx httpd named sshd haproxy', { touches: ['service'], operands: 'ignore' }),
  ...each('setpriv capsh run0 newuidmap newgidmap', { touches: ['privilege'], operands: 'ignore' }),
  ...each('auditctl augenrules ausearch aureport logrotate', { touches: ['history'], operands: 'ignore' }),
  ...each('dpkg-reconfigure update-alternatives snap flatpak conda brew cpan gem cargo composer go gradle mvn ant make cmake ninja bundle rake tox poetry pipenv pipx uv dpkg-deb rpmbuild alien dpkg-divert debconf-set-selections needrestart ansible ansible-playbook terraform puppet chef-client salt-call helm vagrant', { touches: ['changes', 'unknown-program'], operands: 'ignore' }),
  loginctl: ({ program, args }, run) => {
    run.touch(args.some((a) => POWER_TARGET.test(a.text ?? '')) ? 'power' : 'users');
    for (const a of args) run.form(`${program} ${a.text ?? '*'}`);
  },
  ...each('hwclock timedatectl ntpdate chronyc ntpq', { touches: ['kernel'], operands: 'ignore' }),
  ...each('localectl locale-gen ldconfig update-ca-certificates update-ca-trust update-alternatives alternatives', { touches: ['packages'], operands: 'ignore' }),
  ...each('setterm stty loadkeys', { touches: ['changes'], operands: 'ignore' }),
  ...each('mail mailx sendmail mutt msmtp', { touches: ['network', 'remote', 'interactive'], operands: 'ignore' }),
  ...each('openssl gpg gpg2 ssh-keygen ssh-add ssh-agent keytool certbot age age-keygen pass vault', { touches: ['changes', 'unknown-program'], operands: 'read' }),
  ...each('top htop btop atop glances nmon less more most pg man info vi vim nvim view vimdiff rvim rview ex ed red nano pico rnano emacs emacsclient joe mcedit mc ne micro ranger nnn vifm fzf dialog whiptail irb gdb lldb strace-tui screenfetch-tui links lynx w3m elinks tig zless zmore bzless xzless sftp ftp lftp tftp telnet rlogin minicom picocom cu scriptreplay', { touches: ['interactive'], options: 'b:batch n= d= p= u=', operands: 'read' }),
  ...each('tcpdump tshark dumpcap wireshark', { touches: ['network-config'], options: 'w=write r=read i= c= z=code', operands: 'ignore' }),
};
