import { defineInterface } from './define.ts'

/** The file system of a machine that is reached by SSH. Its child is `ssh`. */
export const SshMount = defineInterface({
  client: 'jumpstarter_driver_ssh_mount.client.SSHMountClient',
  methods: {},
})
